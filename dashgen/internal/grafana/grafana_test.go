package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/moodring/moodring/dashgen/internal/board"
)

func overview(t *testing.T) []byte { return marshal(t, board.Overview()) }

func marshal(t *testing.T, b board.Board) []byte {
	t.Helper()
	text, err := Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// each runs a test for every board.
func each(t *testing.T, test func(t *testing.T, b board.Board)) {
	for _, b := range board.All().Boards {
		t.Run(b.File, func(t *testing.T) { test(t, b) })
	}
}

func TestMarshalIsDeterministic(t *testing.T) {
	first := overview(t)
	for range 20 {
		if again := overview(t); !bytes.Equal(first, again) {
			t.Fatalf("the same board gave other bytes:\n%s", cmp.Diff(string(first), string(again)))
		}
	}
	if !bytes.HasSuffix(first, []byte("}\n")) {
		t.Error("the file does not end in a newline")
	}
}

// TestMarshalIsStrictlyGrafana: the SDK's strict reader knows every field, and no
// field is lost when the SDK's types write the dashboard again.
func TestMarshalIsStrictlyGrafana(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	each(t, func(t *testing.T, b board.Board) {
		if problem := strictly(marshal(t, b)); problem != "" {
			t.Fatal(problem)
		}
		var read classic
		if err := json.Unmarshal(marshal(t, b), &read); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decode(t, marshal(t, b)), decode(t, again)); diff != "" {
			t.Errorf("lost on the way through Grafana's types: -want +got:\n%s", diff)
		}
	})
}

func TestStrictReaderRefuses(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for _, name := range []string{"schemaVersion", "gridPos", "expr", "displayMode", "graphMode", "lineWidth", "includeAll", "iconColor"} {
		t.Run(name, func(t *testing.T) {
			wrong := bytes.Replace(overview(t), []byte(`"`+name+`":`), []byte(`"nonsense":`), 1)
			if problem := strictly(wrong); !strings.Contains(problem, "nonsense") {
				t.Errorf("got %q, want it to name the field", problem)
			}
		})
	}
}

// strictly returns the strict reader's error message. The reader returns an empty
// list of errors, which is not nil, if there is no error (SDK v0.0.22).
func strictly(text []byte) string {
	var read classic
	if err := read.UnmarshalJSONStrict(text); err != nil {
		return err.Error()
	}
	return ""
}

func TestMarshalRefuses(t *testing.T) {
	b := board.Overview()
	b.Rows[0].Panels[0].Question = ""
	if _, err := Marshal(b); err == nil || !strings.Contains(err.Error(), "Predictions per second") {
		t.Errorf("got error %v, want one that names the panel", err)
	}
}

func TestMarshalRefusesUnknownPlugin(t *testing.T) {
	b := board.Overview()
	b.Rows[0].Panels[0].Kind.Plugin = "piechart"
	if _, err := Marshal(b); err == nil || !strings.Contains(err.Error(), "no options for the panel plugin piechart") {
		t.Errorf("got error %v, want one that names the plugin", err)
	}
}

// drawnPanel is a panel as the tests read it from the JSON.
type drawnPanel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []struct{ Expr, RefID string }
	FieldConfig              struct {
		Defaults struct {
			Unit       string
			Thresholds *struct{ Steps []any }
		}
	}
}

func panels(t *testing.T, b board.Board) []drawnPanel {
	t.Helper()
	var read struct{ Panels []drawnPanel }
	if err := json.Unmarshal(flat(t, b), &read); err != nil {
		t.Fatal(err)
	}
	return read.Panels
}

// flat returns the JSON of a board with the panels of collapsed rows behind their
// rows.
func flat(t *testing.T, b board.Board) []byte {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(marshal(t, b), &d); err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, p := range d["panels"].([]any) {
		all = append(all, p)
		within, _ := p.(map[string]any)["panels"].([]any) // nil if p is no row
		all = append(all, within...)
	}
	d["panels"] = all
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestGrid(t *testing.T) { each(t, grid) }

func grid(t *testing.T, b board.Board) {
	taken := map[string]string{}
	ids := map[int]string{}
	var read struct{ Panels []drawnPanel }
	if err := json.Unmarshal(marshal(t, b), &read); err != nil {
		t.Fatal(err)
	}
	for _, p := range read.Panels {
		at := p.GridPos
		if at.X < 0 || at.W < 1 || at.H < 1 || at.X+at.W > 24 {
			t.Errorf("panel %q is outside the grid: %+v", p.Title, at)
		}
		if p.ID < 1 || ids[p.ID] != "" {
			t.Errorf("panel %q has id %d, as has %q", p.Title, p.ID, ids[p.ID])
		}
		ids[p.ID] = p.Title
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				cell := fmt.Sprint(x, ",", y)
				if other, ok := taken[cell]; ok {
					t.Fatalf("panels %q and %q overlap at %s", other, p.Title, cell)
				}
				taken[cell] = p.Title
			}
		}
	}
}

func TestLayout(t *testing.T) {
	tests := []struct {
		n      int
		widths []uint32
		end    uint32
	}{
		{0, nil, 10},
		{1, []uint32{24}, 18},
		{3, []uint32{8, 8, 8}, 18},
		{4, []uint32{12, 12, 12, 12}, 26},
		{5, []uint32{8, 8, 8, 12, 12}, 26},
		{7, []uint32{8, 8, 8, 12, 12, 12, 12}, 34},
	}
	for _, tc := range tests {
		t.Run(fmt.Sprint(tc.n), func(t *testing.T) {
			positions, end := layout(tc.n, 10, false)
			var widths []uint32
			for _, p := range positions {
				widths = append(widths, p.W)
			}
			if diff := cmp.Diff(tc.widths, widths); diff != "" || end != tc.end {
				t.Errorf("got end %d, want %d; widths -want +got:\n%s", end, tc.end, diff)
			}
		})
	}
}

func TestPanelsAreComplete(t *testing.T) { each(t, complete) }

func complete(t *testing.T, b board.Board) {
	count := 0
	for _, p := range panels(t, b) {
		if p.Type == "row" {
			continue
		}
		count++
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.FieldConfig.Defaults.Thresholds == nil || len(p.Targets) == 0 {
			t.Errorf("panel %q lacks a description, a unit, thresholds or a query: %+v", p.Title, p)
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if target.RefID == "" || refs[target.RefID] {
				t.Errorf("panel %q: refId %q is empty or stands twice", p.Title, target.RefID)
			}
			refs[target.RefID] = true
			parses(t, b, target.Expr)
		}
	}
	if want := len(b.Panels()); count != want {
		t.Errorf("got %d panels, want %d", count, want)
	}
}

// groups are references in label_replace. Grafana does not replace them.
var groups = regexp.MustCompile(`\$\d`)

// parses replaces variables as Grafana does, and reads the result with Prometheus's
// parser.
func parses(t *testing.T, b board.Board, expr string) {
	t.Helper()
	filled := strings.NewReplacer("$__rate_interval", "1m0s", "$window", "5m", "$__range", "1h").Replace(expr)
	for _, v := range b.Variables {
		wrong := `="$` + v.Name()
		if v.Single {
			wrong = `=~"$` + v.Name()
		}
		if strings.Contains(filled, wrong) {
			t.Errorf("a variable with several values needs =~, and one with a single value needs =: %s", expr)
		}
		filled = strings.ReplaceAll(filled, "$"+v.Name(), `(a|b)`)
	}
	if strings.Contains(groups.ReplaceAllString(filled, ""), "$") {
		t.Errorf("a variable that the dashboard does not have: %s", expr)
	}
	if _, err := parser.NewParser(parser.Options{}).ParseExpr(filled); err != nil {
		t.Errorf("%s: %v", filled, err)
	}
}

func TestAnnotations(t *testing.T) {
	each(t, func(t *testing.T, b board.Board) {
		var read struct {
			Annotations struct {
				List []struct {
					Name, Expr string
					Target     struct{ Expr string }
				}
			}
		}
		if err := json.Unmarshal(flat(t, b), &read); err != nil {
			t.Fatal(err)
		}
		if len(read.Annotations.List) != len(b.Annotations) {
			t.Errorf("got %d annotations, want %d", len(read.Annotations.List), len(b.Annotations))
		}
		for _, a := range read.Annotations.List {
			parses(t, b, a.Expr)
			if a.Expr != a.Target.Expr {
				t.Errorf("%s sends %s from old Grafanas and %s from new Grafanas", a.Name, a.Expr, a.Target.Expr)
			}
		}
	})
}

// TestDataLinks: a click on a model opens its dashboard.
func TestDataLinks(t *testing.T) {
	want := "/d/moodring-model?var-namespace=${__field.labels.namespace}&var-service=${__field.labels.service}&var-model=${__field.labels.model}&${datasource:queryparam}&${__url_time_range}"
	seen := 0
	walk(decode(t, overview(t)), func(key string, value any) {
		if key == "url" && value == want {
			seen++
		}
	})
	if seen != 2 {
		t.Errorf("got %d links to %s, want 2", seen, want)
	}
}

// TestBarGaugeOfDriftHasAScale: without a maximum, a single bar would always have the
// full length.
func TestBarGaugeOfDriftHasAScale(t *testing.T) {
	var read struct {
		Panels []struct {
			Type, Title string
			FieldConfig struct{ Defaults struct{ Max float64 } }
		}
	}
	if err := json.Unmarshal(overview(t), &read); err != nil {
		t.Fatal(err)
	}
	for _, p := range read.Panels {
		if want := 0.5; p.Title == "Label drift now" && p.FieldConfig.Defaults.Max != want {
			t.Errorf("%s ends at %g, want %g: twice the last threshold", p.Title, p.FieldConfig.Defaults.Max, want)
		}
	}
}

// TestTables: a table has the labels in the order of the query, then the value, and no
// column for the time.
func TestTables(t *testing.T) {
	type organize struct {
		ExcludeByName map[string]bool
		IndexByName   map[string]int
		RenameByName  map[string]string
	}
	var read struct {
		Panels []struct {
			Type, Title     string
			Transformations []struct {
				ID      string
				Options organize
			}
		}
	}
	if err := json.Unmarshal(marshal(t, board.Exporter()), &read); err != nil {
		t.Fatal(err)
	}
	want := organize{map[string]bool{"Time": true}, map[string]int{"version": 0, "goversion": 1, "Value": 2}, map[string]string{"Value": "number"}}
	tables := 0
	for _, p := range read.Panels {
		if p.Type != "table" {
			if len(p.Transformations) > 0 {
				t.Errorf("panel %q has transformations", p.Title)
			}
			continue
		}
		tables++
		if len(p.Transformations) != 1 || p.Transformations[0].ID != "organize" {
			t.Fatalf("panel %q has %+v", p.Title, p.Transformations)
		}
		if diff := cmp.Diff(want, p.Transformations[0].Options); diff != "" {
			t.Errorf("panel %q: -want +got:\n%s", p.Title, diff)
		}
	}
	if tables != 1 {
		t.Errorf("got %d tables, want 1", tables)
	}
}

// TestFills: only the area below amounts is filled. Filled areas of several shares or
// scores would hide each other.
func TestFills(t *testing.T) {
	for unit, want := range map[board.Unit]float64{
		board.PerSecond: 10, board.BytesPerSecond: 10, board.Seconds: 10, board.Share: 0, board.Score: 0, board.ScoreDifference: 0, board.ScoreDifference: 0, board.Distance: 0,
	} {
		if got := fillOpacity(board.Panel{Kind: board.TimeSeries, Unit: unit}); got != want {
			t.Errorf("lines of %s are filled by %g %%, want %g", unit, got, want)
		}
	}
	if got := fillOpacity(board.Panel{Kind: board.StackedTimeSeries, Unit: board.Share}); got != 60 {
		t.Errorf("areas are filled by %g %%, want 60", got)
	}
}

// TestGrafana9: Grafana 9 has all panel plugins (time series came with 7.4, state
// timeline with 8.0, the current heatmap with 9.0), variables, units and
// transformations of the dashboards. It ignores settings that it does not know.
func TestGrafana9(t *testing.T) {
	known := map[string][]string{
		"panel":    {"row", "timeseries", "stat", "bargauge", "heatmap", "state-timeline", "table"},
		"variable": {"datasource", "query", "interval"},
		"unit": {"none", "short", "percent", "percentunit", "bits", "bytes", "decbits", "decbytes", "bps", "Bps", "binbps", "binBps", "pps",
			"suffix:/s", "ops", "reqps", "rps", "wps", "iops", "cpm", "opm", "rpm", "wpm", "hertz", "ns", "µs", "ms", "s", "m", "h", "d", "celsius"},
		"transformation": {"organize"},
	}
	each(t, func(t *testing.T, b board.Board) {
		var read struct {
			Panels []struct {
				Type            string
				Transformations []struct{ ID string }
				FieldConfig     struct{ Defaults struct{ Unit string } }
			}
			Templating struct{ List []struct{ Type string } }
		}
		if err := json.Unmarshal(flat(t, b), &read); err != nil {
			t.Fatal(err)
		}
		check := func(kind, name string) {
			if !slices.Contains(known[kind], name) {
				t.Errorf("Grafana 9 has no %s %q", kind, name)
			}
		}
		for _, p := range read.Panels {
			check("panel", p.Type)
			if p.Type != "row" {
				check("unit", p.FieldConfig.Defaults.Unit)
			}
			for _, transformation := range p.Transformations {
				check("transformation", transformation.ID)
			}
		}
		for _, v := range read.Templating.List {
			check("variable", v.Type)
		}
	})
}

// TestNoData: a panel that does not always have data shows its needs instead.
func TestNoData(t *testing.T) {
	each(t, func(t *testing.T, b board.Board) {
		var read struct {
			Panels []struct {
				Title       string
				FieldConfig struct{ Defaults struct{ NoValue string } }
			}
		}
		if err := json.Unmarshal(flat(t, b), &read); err != nil {
			t.Fatal(err)
		}
		said := map[string]string{}
		for _, p := range read.Panels {
			said[p.Title] = p.FieldConfig.Defaults.NoValue
		}
		for _, o := range b.Panels() {
			want := ""
			if o.Needs != "" {
				want = "Not configured, or no data yet. It needs " + o.Needs + "."
			} else if o.Idle != "" {
				want = o.Idle
			}
			if said[o.Title] != want {
				t.Errorf("panel %q says %q without data, want %q", o.Title, said[o.Title], want)
			}
		}
	})
}

// TestNoVersion: the line of a model without a version is not called "version ".
func TestNoVersion(t *testing.T) {
	var read struct {
		Panels []struct {
			Title       string
			Targets     []struct{ LegendFormat string }
			FieldConfig struct {
				Overrides []struct {
					Matcher    struct{ ID, Options string }
					Properties []struct {
						ID    string
						Value any
					}
				}
			}
		}
	}
	if err := json.Unmarshal(flat(t, board.Model()), &read); err != nil {
		t.Fatal(err)
	}
	byVersion := 0
	for _, p := range read.Panels {
		if len(p.Targets) != 1 || p.Targets[0].LegendFormat != "version {{version}}" {
			continue
		}
		byVersion++
		for name, want := range map[string]any{"version ": "no version", "version": "no version", "version 2": nil} {
			var got any
			for _, o := range p.FieldConfig.Overrides {
				if o.Matcher.ID == "byRegexp" && o.Properties[0].ID == "displayName" && regexp.MustCompile(strings.Trim(o.Matcher.Options, "/")).MatchString(name) {
					got = o.Properties[0].Value
				}
			}
			if got != want {
				t.Errorf("panel %q: %q is shown as %v, want %v", p.Title, name, got, want)
			}
		}
	}
	if byVersion != 9 {
		t.Errorf("got %d panels by version, want 9", byVersion)
	}
}

func TestDataSourceIsAVariableEverywhere(t *testing.T) {
	each(t, func(t *testing.T, b board.Board) {
		seen := 0
		walk(decode(t, marshal(t, b)), func(key string, value any) {
			if key != "datasource" {
				return
			}
			seen++
			if diff := cmp.Diff(map[string]any{"type": "prometheus", "uid": "${datasource}"}, value); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
		if want := 2*len(b.Panels()) + len(b.Variables) + 2*len(b.Annotations); seen < want {
			t.Errorf("got %d data sources, want at least %d: one for each panel, query, variable and annotation", seen, want)
		}
	})
}

func TestVariables(t *testing.T) {
	type variable struct {
		Name, Type, Query, Regex, AllValue string
		Multi                              bool
	}
	gateways := []variable{
		{"gateway_namespace", "query", "label_values(moodring_exporter_target_up, gateway)", `/^(?<value>(?<text>[^\/]+)\/)/`, "([^/]+/)?", true},
		{"gateway", "query", `label_values(moodring_exporter_target_up{gateway=~"$gateway_namespace.*"}, gateway)`, `/^(?:[^\/]+\/)?(.+)$/`, ".*", true},
	}
	want := map[string][]variable{
		"grafana-dashboard": append(slices.Clone(gateways),
			variable{"namespace", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway"}, namespace)`, "", ".*", true},
			variable{"service", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway",namespace=~"$namespace"}, service)`, "", ".*", true},
			variable{"model", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway",namespace=~"$namespace",service=~"$service"}, model)`, "", ".*", true}),
		"grafana-model": append(slices.Clone(gateways),
			variable{"namespace", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway"}, namespace)`, "", "", false},
			variable{"service", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway",namespace="$namespace"}, service)`, "", "", false},
			variable{"model", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway",namespace="$namespace",service="$service"}, model)`, "", "", false},
			variable{"version", "query", `label_values(moodring_replies_total{gateway=~"$gateway_namespace$gateway",model="$model",namespace="$namespace",service="$service"}, version)`, "", ".*", true},
			variable{"label", "query", `label_values(moodring_predictions_total{gateway=~"$gateway_namespace$gateway",model="$model",namespace="$namespace",service="$service",version=~"$version"}, label)`, "", ".*", true}),
		"grafana-gateway":  gateways,
		"grafana-exporter": gateways,
	}
	each(t, func(t *testing.T, b board.Board) {
		var read struct{ Templating struct{ List []variable } }
		if err := json.Unmarshal(flat(t, b), &read); err != nil {
			t.Fatal(err)
		}
		all := append([]variable{{"datasource", "datasource", "prometheus", "", "", false}}, want[b.File]...)
		if len(b.Windows) > 0 {
			all = append(all, variable{"window", "interval", "5m,1m,30m,2h", "", "", false})
		}
		if diff := cmp.Diff(all, read.Templating.List); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestColors: a label has the same colour in all panels, and no two labels of a panel
// have the same colour.
func TestColors(t *testing.T) {
	hex := regexp.MustCompile(`^#[0-9a-f]{6}$`)
	hexOf := map[string]string{}
	each(t, func(t *testing.T, b board.Board) {
		for _, o := range b.Panels() {
			here := map[string]string{}
			for _, c := range o.Colors {
				if !hex.MatchString(c.Hex) || here[c.Hex] != "" {
					t.Errorf("panel %q: %s is %q, as is %q", o.Title, c.Name, c.Hex, here[c.Hex])
				}
				if before, ok := hexOf[c.Name]; ok && before != c.Hex {
					t.Errorf("%s is %s here and %s there", c.Name, before, c.Hex)
				}
				here[c.Hex], hexOf[c.Name] = c.Name, c.Hex
			}
		}
	})
}

// TestLabelsComeFirst: the colour of a label is by the first part of the legend.
// dashgen/conform checks the colours with Grafana's own library.
func TestLabelsComeFirst(t *testing.T) {
	each(t, func(t *testing.T, b board.Board) {
		for _, o := range b.Panels() {
			for _, s := range o.Series {
				rest, isOfLabel := strings.CutPrefix(s.Legend, "{{label}}")
				if isOfLabel && (rest != "" && !strings.HasPrefix(rest, board.Separator) || len(o.Colors) == 0) {
					t.Errorf("panel %q: legend %q and %d colours, want the label first, and colours", o.Title, s.Legend, len(o.Colors))
				}
			}
		}
	})
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// walk visits every key of every object in value.
func walk(value any, visit func(key string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			visit(key, inner)
			walk(inner, visit)
		}
	case []any:
		for _, inner := range v {
			walk(inner, visit)
		}
	}
}
