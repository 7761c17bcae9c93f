package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/moodring/moodring/contract"
)

const (
	patience  = 30 * time.Second
	pageLimit = 64 << 20
)

// Page reads the families of an exporter's page, whose names match.
func Page(ctx context.Context, url string, match *regexp.Regexp) ([]Family, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("address of metrics %q: %w", url, err)
	}
	request.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading metrics at %s: %s", url, response.Status)
	}
	families, err := Read(io.LimitReader(response.Body, pageLimit), match)
	if err != nil {
		return nil, fmt.Errorf("reading metrics at %s: %w; is it a page of metrics?", url, err)
	}
	return families, nil
}

// Read reads the families of a page in Prometheus's text format.
func Read(page io.Reader, match *regexp.Regexp) ([]Family, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	read, err := parser.TextToMetricFamilies(page)
	if err != nil {
		return nil, err
	}
	var families []Family
	for name, family := range read {
		if match.MatchString(name) {
			families = append(families, Family{name, kind(family.GetType()), family.GetHelp(), labels(family.GetMetric())})
		}
	}
	if len(families) == 0 {
		return nil, errors.New("no metric of such a name is there")
	}
	return families, nil
}

func kind(t dto.MetricType) contract.Type {
	switch t {
	case dto.MetricType_COUNTER:
		return contract.Counter
	case dto.MetricType_HISTOGRAM:
		return contract.Histogram
	case dto.MetricType_SUMMARY:
		return Summary
	case dto.MetricType_GAUGE:
		return contract.Gauge
	}
	return Untyped
}

func labels(metrics []*dto.Metric) map[string]int {
	values := map[string]map[string]bool{}
	for _, m := range metrics {
		for _, pair := range m.GetLabel() {
			if values[pair.GetName()] == nil {
				values[pair.GetName()] = map[string]bool{}
			}
			values[pair.GetName()][pair.GetValue()] = true
		}
	}
	counts := map[string]int{}
	for name, seen := range values {
		counts[name] = len(seen)
	}
	return counts
}

// Prometheus asks a Prometheus for the families whose names match, that it has
// series of now.
func Prometheus(ctx context.Context, url string, match *regexp.Regexp) ([]Family, error) {
	client, err := api.NewClient(api.Config{Address: url, Client: &http.Client{Timeout: patience}})
	if err != nil {
		return nil, fmt.Errorf("address of Prometheus %q: %w", url, err)
	}
	asking := promv1.NewAPI(client)
	known, err := asking.Metadata(ctx, "", "")
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus at %s for its metadata: %w", url, err)
	}
	var families []Family
	for name, told := range known {
		if len(told) == 0 {
			continue
		}
		for _, name := range called(name, contract.Type(told[0].Type)) {
			f := Family{Name: name, Type: contract.Type(told[0].Type), Help: told[0].Help}
			if !match.MatchString(name) {
				continue
			}
			if f.Labels, err = values(ctx, asking, f.series()); err != nil {
				return nil, fmt.Errorf("asking Prometheus at %s for the labels of %s: %w", url, name, err)
			}
			families = append(families, f)
		}
	}
	families = slices.DeleteFunc(families, func(f Family) bool { return f.Labels == nil })
	if len(families) == 0 {
		return nil, fmt.Errorf("asking Prometheus at %s: it has no metric of such a name", url)
	}
	return families, nil
}

const total = "_total"

// called are the names that the series of a name in the metadata can have.
// Scraped as OpenMetrics, a counter stands there without its suffix.
func called(name string, t contract.Type) []string {
	if t != contract.Counter || strings.HasSuffix(name, total) {
		return []string{name}
	}
	return []string{name, name + total}
}

// values counts the values of each label of a series; nil when there is none.
func values(ctx context.Context, asking promv1.API, series string) (map[string]int, error) {
	value, _, _, err := asking.Query(ctx, "{__name__="+quoted(series)+"}", time.Time{})
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) == 0 {
		return nil, nil
	}
	seen := map[string][]string{}
	for _, sample := range vector {
		for name, value := range sample.Metric {
			if name != model.MetricNameLabel && !slices.Contains(seen[string(name)], string(value)) {
				seen[string(name)] = append(seen[string(name)], string(value))
			}
		}
	}
	counts := map[string]int{}
	for name, all := range seen {
		counts[name] = len(all)
	}
	return counts, nil
}

func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// Types are the types of families, for those who look at a dashboard's queries.
func Types(families []Family) map[string]contract.Type {
	types := map[string]contract.Type{}
	for _, f := range families {
		types[f.Name] = f.Type
	}
	return types
}
