package board

import (
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/dashgen/internal/promql"
)

// Exporter is the dashboard of the exporter. The other dashboards can only be
// trusted if the exporter works.
func Exporter() Board {
	return Board{
		UID:         "moodring-exporter",
		File:        "grafana-exporter",
		Title:       "Moodring: exporter",
		Description: "Whether the exporter can scrape every gateway, how long the scrapes take, and which series it drops.",
		Variables:   gatewayVariables(),
		Annotations: []Annotation{exporterRestarts(), exporterReloads(), gatewayRestarts()},
		Rows: []Row{
			{Title: "Gateways", Panels: []Panel{gateways(), gatewayStates()}},
			{Title: "Scrapes", Panels: []Panel{scrapeTime(), scrapeBytes(), series(), failedScrapes(), droppedSeries()}},
			{Title: "The exporter itself", Panels: []Panel{configuration(), configurationAge(), sources(), foundGateways(), discovery(), shares(), failedPushes(), builds()}},
		},
	}
}

func up() promql.Query {
	return promql.MinBy(promql.Select(contract.ExporterUp), contract.LabelGateway)
}

func gateways() Panel {
	return Panel{
		Title:      "Gateways",
		Question:   "Can the exporter scrape every gateway?",
		Kind:       Stat,
		Unit:       UpDown,
		Series:     []Series{{up(), "{{gateway}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		Alert: &Alert{
			Name:     "MoodringGatewayDown",
			Severity: Critical,
			Summary:  "The exporter cannot scrape {{ $labels.gateway }}.",
			Expr:     promql.LessThan(up(), 1),
			For:      2 * time.Minute,
			Steps: []string{
				"Read the exporter's log for the cause: connection refused, timeout, too large, or not a page of statistics.",
				"Check that the gateway runs: kubectl get pods -n istio-system. It may still serve its callers.",
				"Check whether a NetworkPolicy blocks the exporter, or whether the port of the statistics has changed.",
			},
		},
		Next: "While a gateway is down, its counters stop here, even if it serves requests. The exporter's log has the cause.",
	}
}

func gatewayStates() Panel {
	return Panel{
		Title:      "Gateways over time",
		Question:   "When could the exporter not scrape a gateway?",
		Kind:       StateTimeline,
		Unit:       UpDown,
		Series:     []Series{{up(), "{{gateway}}"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		NoAlert:    "the panel Gateways has the alert MoodringGatewayDown",
		Next:       "If all gateways are down at the same time, the cause is the exporter or the network. If they go down one after the other, a rollout is in progress.",
	}
}

func scrapeTime() Panel {
	return Panel{
		Title:    "Scrape time",
		Question: "How long does the scrape of a gateway take?",
		Kind:     TimeSeries,
		Unit:     Seconds,
		Series:   []Series{{promql.MaxBy(promql.Select(contract.ExporterDuration), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "a scrape that exceeds its timeout counts as down, and MoodringGatewayDown fires",
		Next:     "A gateway with many listeners and clusters has many stats. Check that the exporter requests only Moodring's stats.",
	}
}

func scrapeBytes() Panel {
	return Panel{
		Title:    "Bytes read",
		Question: "How many bytes per second does the exporter read from each gateway?",
		Kind:     TimeSeries,
		Unit:     BytesPerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.ExporterBytes)), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "the exporter limits the size of a page",
		Next:     "If a gateway cannot return Moodring's stats alone, the bytes grow with its clusters and listeners.",
	}
}

func failedScrapes() Panel {
	return Panel{
		Title:    "Failed scrapes",
		Question: "How often does a scrape of a gateway fail?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{promql.SumBy(promql.Rate(promql.Select(contract.ExporterErrors)), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "a gateway whose scrape fails counts as down, and MoodringGatewayDown fires",
		Next:     "The exporter's log has the cause. A few failures while a gateway restarts are normal.",
	}
}

func droppedSeries() Panel {
	dropped := promql.SumBy(promql.Rate(promql.Select(contract.ExporterDropped)), contract.LabelGateway)
	return Panel{
		Title:    "Dropped series",
		Question: "How many series per second does the exporter drop?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{dropped, "{{gateway}}"}},
		Alert: &Alert{
			Name:     "MoodringSeriesDropped",
			Severity: Warning,
			Summary:  "The exporter drops series of {{ $labels.gateway }}.",
			Expr:     promql.GreaterThan(dropped, 0),
			For:      15 * time.Minute,
			Steps: []string{
				"Check that the plugin and the exporter have the same version: the exporter drops a stat whose name it cannot decode.",
				"See in Series whether the gateway has reached the exporter's limit. Raise the limit, or find the model whose labels are free text.",
			},
		},
		Next: "The exporter drops a series if it cannot decode the stat's name, or if the gateway exceeds the limit on series. Check that the plugin and the exporter have the same version, or raise the limit.",
	}
}

func series() Panel {
	return Panel{
		Title:    "Series",
		Question: "How many series does each gateway have?",
		Kind:     TimeSeries,
		Unit:     Count,
		Series:   []Series{{promql.MaxBy(promql.Select(contract.ExporterSamples), contract.LabelGateway), "{{gateway}}"}},
		NoAlert:  "the exporter limits the number of series, and MoodringSeriesDropped fires past the limit",
		Next:     "The models choose the labels. If the number keeps growing, a model's labels are free text.",
	}
}

func configuration() Panel {
	valid := promql.MinBy(promql.Select(contract.ExporterReload))
	return Panel{
		Title:      "Configuration",
		Question:   "Was the exporter's configuration valid when it was last loaded?",
		Kind:       Stat,
		Unit:       YesNo,
		Series:     []Series{{valid, "valid"}},
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		Alert: &Alert{
			Name:     "MoodringConfigurationRefused",
			Severity: Warning,
			Summary:  "The exporter rejects its new configuration, and keeps the previous one.",
			Expr:     promql.GreaterThan(promql.CountBy(promql.LessThan(promql.Select(contract.ExporterReload), 1)), 0),
			For:      5 * time.Minute,
			Steps: []string{
				"Read the exporter's log: it names the line of the file, and the correct value.",
				"Correct the file and reload it. Until then, gateways that only the new file lists are not scraped.",
				"Do not restart the exporter before the file is correct: it would not start.",
			},
		},
		Next: "If it was not valid, the exporter keeps the previous configuration. Its log has the cause.",
	}
}

func configurationAge() Panel {
	return Panel{
		Title:    "Age of the configuration",
		Question: "How long ago did the exporter load its configuration?",
		Kind:     Stat,
		Unit:     Seconds,
		Series:   []Series{{promql.SecondsSince(promql.MaxBy(promql.Select(contract.ExporterReloadTime))), "in use"}},
		NoAlert:  "an old configuration is not a fault, and MoodringConfigurationRefused reports an invalid one",
		Next:     "If the configuration is older than your last change, the exporter has not loaded the change: see Configuration.",
	}
}

func discovery() Panel {
	failures := promql.SumBy(promql.Rate(promql.Select(contract.ExporterDiscoveryErrors)), contract.LabelSource)
	return Panel{
		Title:    "Discovery",
		Question: "How often does the discovery of gateways fail?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{failures, "{{source}}"}},
		Needs:    "an exporter with discovery, and at least one failure",
		NoAlert:  "a source that stays unreadable has an alert with Sources",
		Next:     "The exporter keeps the gateways that it discovered before. Its log has the cause.",
	}
}

func sources() Panel {
	readable := promql.MinBy(promql.Select(contract.ExporterDiscoveryUp), contract.LabelSource)
	return Panel{
		Title:      "Sources",
		Question:   "Can the exporter read every source of gateways?",
		Kind:       Stat,
		Unit:       YesNo,
		Series:     []Series{{readable, "{{source}}"}},
		Needs:      "an exporter with discovery",
		Thresholds: []Threshold{{Level: Bad}, {From: 1, Level: Good}},
		Alert: &Alert{
			Name:     "MoodringDiscoveryFailing",
			Severity: Warning,
			Summary:  "The exporter's discovery by {{ $labels.source }} fails.",
			Expr:     promql.LessThan(readable, 1),
			For:      10 * time.Minute,
			Steps: []string{
				"Read the exporter's log for the cause: an API server out of reach, missing rights in a namespace, a name that does not resolve, or a file that it cannot read.",
				"The exporter still scrapes the gateways that it discovered before. It misses new gateways, and removed gateways count as down.",
			},
		},
		Next: "The exporter keeps the gateways that it discovered before. Its log has the cause.",
	}
}

func foundGateways() Panel {
	active := promql.Select(contract.ExporterGateways, promql.Matcher{Label: contract.LabelState, Value: contract.GatewayActive})
	return Panel{
		Title:    "Gateways found",
		Question: "How many gateways does each source list?",
		Kind:     BarGauge,
		Unit:     Count,
		Series:   []Series{{promql.SumBy(promql.Select(contract.ExporterGateways), contract.LabelSource, contract.LabelState), "{{source}} {{state}}"}},
		Alert: &Alert{
			Name:     "MoodringNoGateways",
			Severity: Warning,
			Summary:  "The exporter finds no gateways by {{ $labels.source }}.",
			Expr:     promql.LessThan(promql.SumBy(active, contract.LabelSource), 1),
			For:      10 * time.Minute,
			Steps: []string{
				"Read the exporter's log: it says which labels and namespaces it looked for. Compare them with those of your gateways.",
				"Open /targets of the exporter: a gateway that was found and is not scraped is there, with the reason.",
				"Remove the source from the configuration if no gateway is expected there.",
			},
		},
		Next: "A source without active gateways looks in the wrong place: compare its labels and namespaces with your gateways. /targets has the reason for each dropped gateway.",
	}
}

func shares() Panel {
	return Panel{
		Title:    "Shares",
		Question: "Which shares of the gateways have an exporter, and of how many?",
		Kind:     BarGauge,
		Unit:     Count,
		Series:   []Series{{promql.MaxBy(promql.Select(contract.ExporterShards), contract.LabelShard), "share {{shard}}"}},
		NoAlert:  "Prometheus's own series up shows an exporter that does not run",
		Next:     "The value is the number of shares, N in --shard=I/N, and each share must be here. The gateways of a missing share are not scraped, and no other panel shows them.",
	}
}

func failedPushes() Panel {
	failures := promql.SumBy(promql.Rate(promql.Select(contract.ExporterPushErrors)))
	return Panel{
		Title:    "Failed pushes",
		Question: "How often does a push over OTLP fail?",
		Kind:     TimeSeries,
		Unit:     PerSecond,
		Series:   []Series{{failures, "failed"}},
		Alert: &Alert{
			Name:     "MoodringPushFailing",
			Severity: Warning,
			Summary:  "The exporter cannot push its metrics over OTLP.",
			Expr:     promql.GreaterThan(failures, 0),
			For:      10 * time.Minute,
			Steps: []string{
				"Read the exporter's log for the cause: a receiver out of reach, a refused login, or a rejected metric.",
				"Check --otlp.endpoint and the variable OTEL_EXPORTER_OTLP_HEADERS.",
				"No counts are lost: the next push that succeeds has all of them.",
			},
		},
		Next: "The exporter's log has the cause. The next push sends all metrics again.",
	}
}

func builds() Panel {
	return Panel{
		Title:    "Versions",
		Question: "Which versions of the exporter run?",
		Kind:     Table,
		Unit:     Count,
		Series:   []Series{{promql.CountBy(promql.Select(contract.ExporterBuild), "version", "goversion"), "{{version}} {{goversion}}"}},
		NoAlert:  "two versions at the same time are normal during a rollout",
		Next:     "Name the version when you report a bug. The plugin should have the same version.",
	}
}
