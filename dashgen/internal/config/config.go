// Package config reads the file with which a user adapts the dashboards and rules to
// an installation: thresholds, windows, labels, titles and matchers.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/moodring/moodring/dashgen/internal/board"
	"github.com/moodring/moodring/dashgen/internal/rules"
)

// Config is the file. A value that it lacks stays as dashgen has it.
type Config struct {
	// Selector has matchers for each scraped metric in rules and dashboards, as
	// cluster="eu".
	Selector   string     `yaml:"selector"`
	Rules      Rules      `yaml:"rules"`
	Dashboards Dashboards `yaml:"dashboards"`
}

// Rules are the choices for rules.
type Rules struct {
	Window  Duration           `yaml:"window"`  // over which predictions are compared with a baseline
	For     Duration           `yaml:"for"`     // how long a state lasts before an alert fires
	Limits  map[string]float64 `yaml:"limits"`  // by the names of alerts
	Without []string           `yaml:"without"` // alerts to leave out
	Labels  map[string]string  `yaml:"labels"`  // of each alert
	// Runbooks is the address of the runbooks. An alert's anchor is its name in lower case.
	Runbooks string `yaml:"runbooks"`
}

// Dashboards are the choices for dashboards.
type Dashboards struct {
	Titles  map[string]string `yaml:"titles"` // by uid
	Tags    []string          `yaml:"tags"`   // besides moodring
	Folder  string            `yaml:"folder"` // for grafana-operator
	From    string            `yaml:"from"`   // start of the time range, as now-6h
	Refresh Duration          `yaml:"refresh"`
	Window  Duration          `yaml:"window"` // the first choice of the variable Window
	// ExternalLabel is a label that Prometheus servers add to all their series, as
	// cluster. A variable selects one of its values.
	ExternalLabel string `yaml:"external_label"`
}

// Duration is a time as Prometheus writes it, such as 6h or 1h30m.
type Duration model.Duration

func (d Duration) String() string { return model.Duration(d).String() }

// UnmarshalYAML gives errors a line number, unlike model.Duration.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	duration, err := model.ParseDuration(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a duration; write one such as 30m or 6h", node.Line, node.Value)
	}
	*d = Duration(duration)
	return nil
}

// Read reads a file strictly: an unknown key is an error.
func Read(name string) (Config, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Config{}, err
	}
	var c Config
	if err := decode(text, &c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := c.Check(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func decode(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return oneLine(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document: keep one")
	}
	return nil
}

// goType matches the names of Go types in the errors of the YAML decoder.
var goType = regexp.MustCompile(` (in type|into) \S+`)

// oneLine returns the mistakes of a file in one line.
func oneLine(err error) error {
	var mistakes *yaml.TypeError
	if !errors.As(err, &mistakes) {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	var all []string
	for _, mistake := range mistakes.Errors {
		mistake = goType.ReplaceAllString(strings.ReplaceAll(mistake, "\n", " "), "")
		mistake = strings.Replace(mistake, "cannot unmarshal", "wrong type of value:", 1)
		all = append(all, strings.Replace(mistake, "not found", "is unknown; docs/command-line.md has all keys", 1))
	}
	return errors.New(strings.Join(all, "; "))
}

// Check returns an error if a choice does not exist, or is not valid.
func (c Config) Check() error {
	if _, err := parser.NewParser(parser.Options{}).ParseExpr("m{" + c.Selector + "}"); err != nil {
		return fmt.Errorf(`selector: %w; write matchers as cluster="eu",env=~"prod.*"`, err)
	}
	for name := range c.Rules.Labels {
		if !model.LegacyValidation.IsValidLabelName(name) {
			return fmt.Errorf("rules.labels: %q is not a valid name of a label", name)
		}
	}
	if label := c.Dashboards.ExternalLabel; label != "" && !model.LegacyValidation.IsValidLabelName(label) {
		return fmt.Errorf("dashboards.external_label: %q is not a valid name of a label", label)
	}
	if from := c.Dashboards.From; from != "" && !relative.MatchString(from) {
		return fmt.Errorf("dashboards.from: %q is not a time as now-6h or now/d", from)
	}
	if err := c.checkTitles(); err != nil {
		return err
	}
	return c.Windows().Check(board.All())
}

// relative matches the times that Grafana counts from now.
var relative = regexp.MustCompile(`^now([-+]\d+[smhdwMy])*(/[smhdwMy])?$`)

func (c Config) checkTitles() error {
	var uids []string
	for _, b := range board.All().Boards {
		uids = append(uids, b.UID)
	}
	for _, uid := range slices.Sorted(maps.Keys(c.Dashboards.Titles)) {
		if !slices.Contains(uids, uid) {
			return fmt.Errorf("dashboards.titles: no dashboard %s; there are %s", uid, strings.Join(uids, ", "))
		}
		if c.Dashboards.Titles[uid] == "" {
			return fmt.Errorf("dashboards.titles: the title of %s is empty", uid)
		}
	}
	return nil
}

// Windows returns the choices for rules.
func (c Config) Windows() rules.Windows {
	w := rules.Usual()
	if c.Rules.Window > 0 {
		w.Drift = c.Rules.Window.String()
	}
	w.For, w.Limits, w.Labels = time.Duration(c.Rules.For), c.Rules.Limits, c.Rules.Labels
	w.Selector, w.Runbooks = c.Selector, c.Rules.Runbooks
	w.Without = map[string]bool{}
	for _, name := range c.Rules.Without {
		w.Without[name] = true
	}
	return w
}

// Boards returns the dashboards with the choices.
func (c Config) Boards(all board.Set) board.Set {
	boards := slices.Clone(all.Boards)
	alerts := slices.DeleteFunc(all.Alerts(), func(a board.Alert) bool {
		_, ok := c.Rules.Limits[a.Name]
		return !ok
	})
	for i := range boards {
		boards[i] = c.adapt(boards[i], alerts)
	}
	all.Boards = boards
	return all
}

// adapt returns a board with the choices. The alerts are those with another limit.
func (c Config) adapt(b board.Board, alerts []board.Alert) board.Board {
	d := c.Dashboards
	if title := d.Titles[b.UID]; title != "" {
		b.Title = title
	}
	b.Tags, b.From, b.Selector, b.External = d.Tags, d.From, c.Selector, d.ExternalLabel
	if d.Refresh > 0 {
		b.Refresh = d.Refresh.String()
	}
	if d.Window > 0 && len(b.Windows) > 0 {
		first := d.Window.String()
		others := slices.DeleteFunc(slices.Clone(b.Windows), func(w string) bool { return w == first })
		b.Windows = append([]string{first}, others...)
	}
	b.Rows = slices.Clone(b.Rows)
	for i, row := range b.Rows {
		panels := slices.Clone(row.Panels)
		for j := range panels {
			panels[j] = c.adaptPanel(panels[j], alerts)
		}
		b.Rows[i].Panels = panels
	}
	return b
}

// adaptPanel gives a panel the user's limits of the alerts that read the same series,
// and the external label in its link.
func (c Config) adaptPanel(p board.Panel, alerts []board.Alert) board.Panel {
	for _, a := range alerts {
		if !concerns(p, a) {
			continue
		}
		limit := c.Rules.Limits[a.Name]
		p.Thresholds = moved(p.Thresholds, *a.Limit, limit)
		if p.Alert != nil && p.Alert.Name == a.Name {
			own := *p.Alert
			own.Limit = &limit
			p.Alert = &own
		}
	}
	if p.Link != nil && c.Dashboards.ExternalLabel != "" {
		link := *p.Link
		link.Keep = []string{c.Dashboards.ExternalLabel}
		p.Link = &link
	}
	return p
}

// concerns reports whether a panel has an alert, or shows the recorded series that the
// alert compares with its limit.
func concerns(p board.Panel, a board.Alert) bool {
	if p.Alert != nil && p.Alert.Name == a.Name {
		return true
	}
	compared := a.Expr.Recorded()
	return len(compared) > 0 && slices.ContainsFunc(p.Series, func(s board.Series) bool {
		return slices.Contains(s.Query.Recorded(), compared[0])
	})
}

// moved returns the thresholds with the limit from replaced by the limit to. It drops
// each threshold that is then not above the threshold before it.
func moved(thresholds []board.Threshold, from, to float64) []board.Threshold {
	var all []board.Threshold
	for i, t := range thresholds {
		if i > 0 && t.From == from {
			t.From = to
		}
		if len(all) < 2 || t.From > all[len(all)-1].From {
			all = append(all, t)
		}
	}
	return all
}
