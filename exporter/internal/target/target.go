// Package target says which gateways there are.
package target

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// Target is one gateway to scrape.
type Target struct {
	Gateway string        // the gateway label's value, unique among targets
	URL     *url.URL      // of the admin endpoint
	Labels  labels.Labels // for each of its series; the gateway label is one
}

// Static makes targets of configured gateways. The rules see __scheme__,
// __address__, __metrics_path__ (what stands before /stats) and gateway, and
// what they leave without a leading __ becomes a label of the target's series.
func Static(gateways []config.Gateway, rules []*relabel.Config) ([]Target, error) {
	targets := make([]Target, 0, len(gateways))
	seen := make(map[string]bool, len(gateways))
	for _, gateway := range gateways {
		target, keep, err := relabelled(gateway, rules)
		if err != nil {
			return nil, fmt.Errorf("gateway %q: %w", gateway.Name, err)
		}
		if !keep {
			continue
		}
		if seen[target.Gateway] {
			return nil, fmt.Errorf("gateway %q: two gateways have that name: give each its own, as in --gateway NAME=URL", target.Gateway)
		}
		seen[target.Gateway] = true
		targets = append(targets, target)
	}
	return targets, nil
}

func relabelled(gateway config.Gateway, rules []*relabel.Config) (Target, bool, error) {
	address, err := url.Parse(gateway.URL)
	if err != nil {
		return Target{}, false, err
	}
	builder := labels.NewBuilder(labels.FromStrings(
		model.SchemeLabel, address.Scheme,
		model.AddressLabel, address.Host,
		model.MetricsPathLabel, address.Path,
		contract.LabelGateway, gateway.Name,
	))
	if !relabel.ProcessBuilder(builder, rules...) {
		return Target{}, false, nil
	}
	address.Scheme = builder.Get(model.SchemeLabel)
	address.Host = builder.Get(model.AddressLabel)
	address.Path = builder.Get(model.MetricsPathLabel)
	kept, err := seriesLabels(builder)
	return Target{Gateway: kept.Get(contract.LabelGateway), URL: address, Labels: kept}, true, err
}

func seriesLabels(builder *labels.Builder) (labels.Labels, error) {
	own := ownLabels()
	var err error
	builder.Range(func(l labels.Label) {
		if strings.HasPrefix(l.Name, model.ReservedLabelPrefix) {
			builder.Del(l.Name)
		} else if own[l.Name] {
			err = fmt.Errorf("relabel_configs set the label %s, which the metrics use: choose another name", l.Name)
		}
	})
	if err == nil && builder.Get(contract.LabelGateway) == "" {
		err = errors.New("relabel_configs leave its gateway label empty")
	}
	return builder.Labels(), err
}

// ownLabels are the label keys of the contract that a target may not have.
func ownLabels() map[string]bool {
	own := map[string]bool{contract.LabelBucket: true}
	for _, metric := range contract.Metrics() {
		for _, key := range metric.Labels {
			own[key] = key != contract.LabelGateway
		}
	}
	return own
}
