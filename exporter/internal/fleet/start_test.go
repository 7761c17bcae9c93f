package fleet

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moodring/moodring/exporter/internal/discovery"
	"github.com/moodring/moodring/exporter/internal/expose"
)

// newProcess is a gateway whose Envoy is another process after restart is set.
type newProcess struct {
	counter
	restarted atomic.Bool
}

func (p *newProcess) answer(w http.ResponseWriter, _ *http.Request) {
	uptime := map[bool]int{false: 1000, true: 2}[p.restarted.Load()]
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"stats":[{"name":"server.uptime","value":%d},{"name":"http.ingress.downstream_rq_2xx","value":7}]}`, uptime)
}

// start returns how long before now the first series of the only gateway started, or
// -1 if that is unknown.
func start(all []expose.Snapshot) time.Duration {
	series := all[0].Series.Series()
	if series[0].Start == 0 {
		return -1
	}
	return time.Since(series[0].Start.Time())
}

// The series of a new process start between the last page with the old process's
// counts and the scrape that finds the new one: Prometheus takes no 0 that is older
// than its last sample. In this time, another scraper may have read the old counts.
func TestRestartBeginsAfterThePageBefore(t *testing.T) {
	for name, scrape := range map[string]string{"on request": "", "with an interval": "interval: 15s"} {
		t.Run(name, func(t *testing.T) {
			onFakeTime(t, scrape, func(t *testing.T, f *Fleet) {
				p := new(newProcess)
				p.serve(t, p.answer)
				f.Apply([]discovery.Target{p.target("a")}, false)
				f.Scrape(t.Context())
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := start(f.Scrape(t.Context())); got != -1 {
					t.Errorf("a gateway that counted before the first scrape has a start, %s ago", got)
				}
				served := time.Now()
				p.restarted.Store(true)
				time.Sleep(30 * time.Second)
				synctest.Wait()
				all := f.Scrape(t.Context())
				startedAt := time.Now().Add(-start(all))
				if !startedAt.After(served) || !startedAt.Before(all[0].At) {
					t.Errorf("the start is %s after the last page with old counts, and %s before the scrape of the new ones", startedAt.Sub(served), all[0].At.Sub(startedAt))
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if again := time.Now().Add(-start(f.Scrape(t.Context()))); !again.Equal(startedAt) {
					t.Errorf("the start moves from %s to %s", startedAt, again)
				}
			})
		})
	}
}
