package main

import (
	"context"
	"fmt"
	"regexp"

	"github.com/moodring/moodring/dashgen/internal/discover"
	"github.com/moodring/moodring/dashgen/internal/grafana"
)

// source is where metrics are looked for.
type source struct{ prometheus, metrics, match string }

func (s *source) flags(set flags) {
	set.StringVar(&s.prometheus, "prometheus", "", "address of a Prometheus that knows the metrics")
	set.StringVar(&s.metrics, "metrics", "", "address of an exporter's page, as http://127.0.0.1:9847/metrics")
	set.StringVar(&s.match, "match", "", "only metrics whose name this regular expression matches")
}

func (s source) families(ctx context.Context, p program, command string) ([]discover.Family, error) {
	match, err := regexp.Compile(s.match)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: --match: %w", errUsage, command, err)
	}
	if (s.prometheus == "") == (s.metrics == "") {
		return nil, fmt.Errorf("%w: %s: one of --prometheus and --metrics", errUsage, command)
	}
	if s.metrics != "" {
		exporter, err := p.dial(command, "--metrics", s.metrics)
		if err != nil {
			return nil, err
		}
		return discover.Page(ctx, exporter, match)
	}
	prometheus, err := p.dial(command, "--prometheus", s.prometheus)
	if err != nil {
		return nil, err
	}
	return discover.Prometheus(ctx, prometheus, match)
}

const discoverHelp = `--metrics URL | --prometheus URL [flags] > board.json

Prints a dashboard for any metrics, by their types, units and labels.
`

func discoverCommand(p program, args []string) error {
	var from source
	set := newFlags("discover", discoverHelp)
	from.flags(set)
	title := set.String("title", "Discovered metrics", "title of the board")
	uid := set.String("uid", "discovered", "uid of the board: 8 to 40 of a-z, 0-9 and -")
	if err := set.parse(args, p.stdout); err != nil {
		return err
	}
	if err := set.none(); err != nil {
		return err
	}
	families, err := from.families(context.Background(), p, "discover")
	if err != nil {
		return err
	}
	text, err := grafana.Marshal(discover.Board(*title, *uid, families))
	if err != nil {
		return err
	}
	return write(p.stdout, string(text))
}
