package discovery

import (
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
)

const (
	sliceLabel    = kubeLabel + "endpointslice"
	endpointLabel = sliceLabel + "_endpoint"
)

func trimSlice(object any) (any, error) {
	if slice, ok := object.(*discoveryv1.EndpointSlice); ok {
		slice.ManagedFields = nil
	}
	return object, nil
}

// slice returns the gateways of an EndpointSlice.
func (c *cluster) slice(object any) []*found {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil
	}
	var all []*found
	for _, endpoint := range slice.Endpoints {
		// The addresses of an endpoint lead to the same place.
		if len(endpoint.Addresses) > 0 {
			all = append(all, c.endpoint(slice, endpoint))
		}
	}
	return all
}

func (c *cluster) endpoint(slice *discoveryv1.EndpointSlice, endpoint discoveryv1.Endpoint) *found {
	address := endpoint.Addresses[0]
	f := &found{id: slice.Namespace + "/" + address, isLeaving: ptr.Deref(endpoint.Conditions.Terminating, false)}
	name := address
	target := endpoint.TargetRef
	if target != nil && target.Kind == "Pod" {
		name = target.Name
		f.id = string(target.UID)
		f.dial = c.dialer(slice.Namespace, target.Name)
	}
	set := c.base(slice.Namespace, name, address)
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
	f.labels = labels.FromMap(set)
	return f
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
