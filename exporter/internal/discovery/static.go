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

// StaticTargets returns the targets among configured gateways, and the first reason
// why one of them cannot be a target.
func StaticTargets(gateways []config.Gateway, rules []*relabel.Config) ([]Target, error) {
	all, err := static(gateways)
	if err != nil {
		return nil, err
	}
	return checked(all, rules)
}

func checked(all []*found, rules []*relabel.Config) ([]Target, error) {
	kept, bad := newMaker(rules).targets(all)
	if len(bad) > 0 {
		return nil, bad[0]
	}
	return kept, nil
}

func static(gateways []config.Gateway) ([]*found, error) {
	all := make([]*found, len(gateways))
	for i, gateway := range gateways {
		address, err := url.Parse(gateway.URL)
		if err != nil {
			return nil, fmt.Errorf("gateway %q: %w", gateway.Name, err)
		}
		all[i] = &found{id: gateway.URL, user: address.User, labels: labels.FromStrings(
			model.SchemeLabel, address.Scheme,
			model.AddressLabel, address.Host,
			model.MetricsPathLabel, address.Path,
			contract.LabelGateway, gateway.Name,
		)}
	}
	return all, nil
}
