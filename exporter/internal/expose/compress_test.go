package expose

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"
)

func TestEncodingOf(t *testing.T) {
	for header, want := range map[string]string{
		"":                          "",
		"gzip":                      "gzip",
		"zstd":                      "zstd",
		"gzip, zstd":                "zstd",
		"zstd;q=0.5, gzip":          "gzip",
		"gzip;q=0, zstd;q=0":        "",
		"GZIP ; q=0.1, br, deflate": "gzip",
		"gzip;q=much":               "",
		"identity, *":               "",
	} {
		if got := encodingOf(http.Header{"Accept-Encoding": {header}}); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

// In each form, a compressed page is the same as without compression, also if
// another form had the compressor before.
func TestMetricsInEachEncoding(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot { return snapshots() })
	unpack := map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	}
	for _, accept := range []string{"text/plain", "application/openmetrics-text;version=1.0.0", protobufType} {
		_, want, _ := get(h, "/metrics", "Accept: "+accept)
		for range 2 {
			for encoding, open := range unpack {
				_, body, header := get(h, "/metrics", "Accept: "+accept, "Accept-Encoding: "+encoding)
				reader, err := open(strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(reader)
				if err != nil || string(got) != want || header.Get("Content-Encoding") != encoding || header.Get("Vary") == "" {
					t.Errorf("%s in %s: %v, %v\n%s", accept, encoding, err, header, got)
				}
			}
		}
	}
}

const protobufType = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

func TestMetricsInProtobuf(t *testing.T) {
	h := handler(t, func(context.Context) []Snapshot { return snapshots() })
	_, body, header := get(h, "/metrics", "Accept: "+protobufType)
	if got := header.Get("Content-Type"); !strings.HasPrefix(got, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited") {
		t.Errorf("Content-Type is %s", got)
	}
	var names []string
	for reader := strings.NewReader(body); reader.Len() > 0; {
		family := new(dto.MetricFamily)
		if err := protodelim.UnmarshalFrom(reader, family); err != nil {
			t.Fatal(err)
		}
		names = append(names, family.GetName())
	}
	if got := strings.Join(names, " "); !strings.Contains(got, "moodring_exporter_scrape_bytes_total") || !strings.HasSuffix(got, "moodring_prediction_confidence moodring_predictions_total") {
		t.Errorf("got the families %s", got)
	}
}
