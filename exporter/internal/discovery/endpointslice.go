package discovery

import (
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"github.com/moodring/moodring/contract"
)

const (
	sliceLabel    = kubeLabel + "endpointslice"
	endpointLabel = sliceLabel + "_endpoint"
)

func trimEndpointSlice(object any) (any, error) {
	if slice, ok := object.(*discoveryv1.EndpointSlice); ok {
		slice.ManagedFields = nil
	}
	return object, nil
}

// endpointSlice returns the gateways in an EndpointSlice.
func (s *kubeSource) endpointSlice(object any) []*candidate {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil
	}
	var all []*candidate
	for _, endpoint := range slice.Endpoints {
		if len(endpoint.Addresses) > 0 {
			all = append(all, s.endpoint(slice, endpoint))
		}
	}
	return all
}

// endpoint uses the first address: all addresses of an endpoint lead to the same
// gateway.
func (s *kubeSource) endpoint(slice *discoveryv1.EndpointSlice, endpoint discoveryv1.Endpoint) *candidate {
	address := endpoint.Addresses[0]
	c := &candidate{source: contract.SourceKubernetes, id: slice.Namespace + "/" + address, isTerminating: ptr.Deref(endpoint.Conditions.Terminating, false), settings: &s.Source}
	name := address
	target := endpoint.TargetRef
	if target != nil && target.Kind == "Pod" {
		name = target.Name
		c.id = string(target.UID)
		c.dial = s.podDialer(slice.Namespace, target.Name)
	}
	set := s.commonLabels(slice.Namespace, name, address)
	addObject(set, sliceLabel, slice.ObjectMeta)
	set[sliceLabel+"_address_type"] = string(slice.AddressType)
	addFlag(set, "_conditions_ready", endpoint.Conditions.Ready)
	addFlag(set, "_conditions_serving", endpoint.Conditions.Serving)
	addFlag(set, "_conditions_terminating", endpoint.Conditions.Terminating)
	addText(set, "_hostname", endpoint.Hostname)
	addText(set, "_node_name", endpoint.NodeName)
	addText(set, "_zone", endpoint.Zone)
	if target != nil {
		set[sliceLabel+"_address_target_kind"], set[sliceLabel+"_address_target_name"] = target.Kind, target.Name
	}
	c.labels = labels.FromMap(set)
	return c
}

func addFlag(set map[string]string, suffix string, flag *bool) {
	if flag != nil {
		set[endpointLabel+suffix] = strconv.FormatBool(*flag)
	}
}

func addText(set map[string]string, suffix string, text *string) {
	if text != nil {
		set[endpointLabel+suffix] = *text
	}
}
