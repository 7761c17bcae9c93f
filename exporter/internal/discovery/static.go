package discovery

import (
	"fmt"
	"net/url"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/config"
)

// StaticTargets relabels the configured gateways to targets, or returns the first
// error.
func StaticTargets(gateways []config.Gateway, rules []*relabel.Config) ([]Target, error) {
	all, err := staticCandidates(gateways)
	if err != nil {
		return nil, err
	}
	return buildAll(all, rules)
}

// buildAll relabels all candidates to targets, or returns the first error.
func buildAll(all []*candidate, rules []*relabel.Config) ([]Target, error) {
	targets, _, bad := newTargetBuilder(rules).build(all, nil)
	if len(bad) > 0 {
		return nil, bad[0]
	}
	return targets, nil
}

func staticCandidates(gateways []config.Gateway) ([]*candidate, error) {
	all := make([]*candidate, len(gateways))
	for i, gateway := range gateways {
		address, err := url.Parse(gateway.URL)
		if err != nil {
			return nil, fmt.Errorf("gateway %q: %w", gateway.Name, err)
		}
		all[i] = &candidate{source: contract.SourceStatic, id: gateway.URL, user: address.User, settings: &gateways[i].Source, labels: labels.FromStrings(
			model.SchemeLabel, address.Scheme,
			model.AddressLabel, address.Host,
			model.MetricsPathLabel, address.Path,
			contract.LabelGateway, gateway.Name,
		)}
	}
	return all, nil
}
