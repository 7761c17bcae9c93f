package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Exporter is whether the numbers of all other boards arrive.
func Exporter() Board {
	return Board{
		UID:         "moodring-exporter",
		File:        "grafana-exporter",
		Title:       "Moodring: exporter",
		Description: "Whether the exporter reads every gateway, what that costs, and what it leaves out.",
		Variables:   gatewayVariables(),
		Annotations: []Annotation{exporterRestarts(), exporterReloads(), gatewayRestarts()},
		Rows: []Row{
			{"Gateways", []Panel{gateways(), gatewayPhases()}},
			{"Scrapes", []Panel{scrapeTime(), scrapeBytes(), series(), failedScrapes(), leftOut()}},
			{"The exporter itself", []Panel{configuration(), configurationAge(), discovery(), builds()}},
		},
	}
}

func up() promql.Query {
	return promql.MinBy(promql.Select(contract.ExporterUp), contract.LabelGateway)
}

func gateways() Panel {
	return Panel{
		Title:      "Gateways",
		Question:   "Can the exporter read every gateway?",
		Kind:       Stat,
		Unit:       UpDown,
		Series:     []Series{{up(), "{{gateway}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		Alert: &Alert{
			Name:     "MoodringGatewayDown",
			Severity: Critical,
			Summary:  "The exporter cannot read {{ $labels.gateway }}.",
			Expr:     promql.LessThan(up(), 1),
			For:      2 * time.Minute,
			Steps: []string{
				"The exporter's log says why it cannot be read: refused, timed out, too large, or no statistics page.",
				"See that the gateway runs: kubectl get pods -n istio-system. Its callers may be served all the same.",
				"See that nothing stands between: a NetworkPolicy, or a changed port of the statistics.",
			},
		},
		Next: "While a gateway is down its counters stand still here, whatever passes it. The exporter's log says why it cannot be read.",
	}
}

func gatewayPhases() Panel {
	return Panel{
		Title:      "Gateways over time",
		Question:   "When could the exporter not read a gateway?",
		Kind:       StateTimeline,
		Unit:       UpDown,
		Series:     []Series{{up(), "{{gateway}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		NoAlert:    "MoodringGatewayDown stands with Gateways",
		Next:       "All gateways down at once is the exporter or the network; one by one is a rollout.",
	}
}

func scrapeTime() Panel {
	return Panel{
		Title:    "Scrape time",
		Question: "How long does it take to read a gateway?",
		Kind:     TimeSeries,
		Unit:     Seconds,
		Series:   []Series{{promql.MaxBy(promql.Select(contract.ExporterDuration), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "past the scrape's time limit the gateway counts as down, which has an alert",
		Next:     "A gateway with many listeners and clusters has many stats: see that only those of Moodring are asked for.",
	}
}

func scrapeBytes() Panel {
	return Panel{
		Title:    "Bytes read",
		Question: "How much does the exporter read from each gateway?",
		Kind:     TimeSeries,
		Unit:     BytesPerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.ExporterBytes)), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "the exporter has a limit of its own on a page's size",
		Next:     "It grows with the gateway's clusters and listeners, where the gateway cannot be asked for Moodring's statistics alone.",
	}
}

func failedScrapes() Panel {
	return Panel{
		Title:    "Failed scrapes",
		Question: "How often does the exporter fail to read a gateway?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.ExporterErrors)), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "a gateway that cannot be read counts as down, which has an alert",
		Next:     "The exporter's log says why. A few while a gateway restarts are as it should be.",
	}
}

func leftOut() Panel {
	dropped := promql.SumBy(promql.Rate(promql.Select(contract.ExporterDropped)), contract.LabelGateway)
	return Panel{
		Title:    "Left out",
		Question: "Does the exporter leave series out?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{dropped, "{{gateway}}"}},
		Alert: &Alert{
			Name:     "MoodringSeriesDropped",
			Severity: Warning,
			Summary:  "Series of {{ $labels.gateway }} are left out.",
			Expr:     promql.GreaterThan(dropped, 0),
			For:      15 * time.Minute,
			Steps: []string{
				"See that the plugin and the exporter are of one version: a name that cannot be decoded is dropped.",
				"See in Series whether the gateway is at the exporter's limit; raise it, or find the model whose labels are free text.",
			},
		},
		Next: "A series is dropped when its stat cannot be decoded, or past the exporter's limit on series: see that the plugin and the exporter are of one version, or raise the limit.",
	}
}

func series() Panel {
	return Panel{
		Title:    "Series",
		Question: "How many series does each gateway have?",
		Kind:     TimeSeries,
		Unit:     Count,
		Series:   []Series{{promql.MaxBy(promql.Select(contract.ExporterSamples), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "the exporter has a limit of its own",
		Next:     "Labels come from the models: a count that keeps growing means a model whose labels are free text.",
	}
}

func configuration() Panel {
	sound := promql.MinBy(promql.Select(contract.ExporterReload))
	return Panel{
		Title:      "Configuration",
		Question:   "Was the exporter's configuration sound when it was last read?",
		Kind:       Stat,
		Unit:       YesNo,
		Series:     []Series{{sound, "sound"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		Alert: &Alert{
			Name:     "MoodringConfigurationRefused",
			Severity: Warning,
			Summary:  "The exporter refuses its configuration, and goes on with the one before.",
			Expr:     promql.GreaterThan(promql.CountBy(promql.LessThan(promql.Select(contract.ExporterReload), 1)), 0),
			For:      5 * time.Minute,
			Steps: []string{
				"The exporter's log says which line of the file is wrong, and what to write instead.",
				"Mend the file and have it read again. Until then gateways that are new in it are not scraped.",
				"A restart before that would leave the exporter without a configuration: it would not start.",
			},
		},
		Next: "While it is not, the configuration before it is in use. The exporter's log says what is wrong.",
	}
}

func configurationAge() Panel {
	return Panel{
		Title:    "Age of the configuration",
		Question: "How long has the exporter's configuration been in use?",
		Kind:     Stat,
		Unit:     Seconds,
		Series:   []Series{{promql.SecondsSince(promql.MaxBy(promql.Select(contract.ExporterReloadTime))), "in use"}},
		NoAlert:  "a configuration does not go bad with age; one that is refused has an alert",
		Next:     "If it is older than your last change, the change was not read: see Configuration.",
	}
}

func discovery() Panel {
	failures := promql.SumBy(promql.Rate(promql.Select(contract.ExporterDiscoveryErrors)), contract.LabelSource)
	return Panel{
		Title:    "Discovery",
		Question: "Does the exporter fail to find out which gateways there are?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{failures, "{{source}}"}},
		Needs:    "an exporter that looks for its gateways, and has failed to",
		Alert: &Alert{
			Name:     "MoodringDiscoveryFailing",
			Severity: Warning,
			Summary:  "The exporter cannot find out by {{ $labels.source }} which gateways there are.",
			Expr:     promql.GreaterThan(failures, 0),
			For:      10 * time.Minute,
			Steps: []string{
				"The exporter's log says what failed: a file that cannot be read, a name that does not resolve, rights that are missing in Kubernetes.",
				"What was found before is still scraped. New gateways are not, and those that are gone count as down.",
			},
		},
		Next: "What was found before stays. The exporter's log says what failed.",
	}
}

func builds() Panel {
	return Panel{
		Title:    "Versions",
		Question: "Which versions of the exporter run?",
		Kind:     Table,
		Unit:     Count,
		Series:   []Series{{promql.CountBy(promql.Select(contract.ExporterBuild), "version", "goversion"), "{{version}} {{goversion}}"}},
		NoAlert:  "two versions side by side are a rollout",
		Next:     "Name the version when you report a fault. The plugin should be of the same one.",
	}
}
