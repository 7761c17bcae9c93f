package preview_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestOld compares the text of a dashboard of Grafana 4: its panels are in rows, and
// have the types graph and singlestat. What Prometheus does not have says so, and
// fails no panel.
func TestOld(t *testing.T) {
	text, err := os.ReadFile("testdata/old.json")
	if err != nil {
		t.Fatal(err)
	}
	page := openSeries(t, read(t, string(text)))
	page.visit("/d/old?" + tenMinutes)
	page.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('h2 button[aria-expanded=false]').forEach(b => b.click())`))
	page.until(drawn + ` && !document.querySelector('[data-state=loading]')`)
	golden(t, "testdata/old.txt", eval[string](page, readAloud))
	page.accessible()
}
