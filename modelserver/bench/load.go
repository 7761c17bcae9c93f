package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// tally is the outcome of many calls. It is safe for concurrent use.
type tally struct {
	mutex    sync.Mutex
	times    []time.Duration // of the answered calls
	refused  int             // calls with status 503
	failures []error
}

// call sends one text, and counts the outcome.
func (t *tally) call(client *http.Client, url, text string) {
	started := time.Now()
	code, err := predict(client, url, text)
	took := time.Since(started)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	switch {
	case err != nil:
		t.failures = append(t.failures, err)
	case code == http.StatusOK:
		t.times = append(t.times, took)
	case code == http.StatusServiceUnavailable:
		t.refused++
	default:
		t.failures = append(t.failures, fmt.Errorf("status %d", code))
	}
}

// check returns an error if a call failed, or if no call was answered.
func (t *tally) check() error {
	if len(t.failures) > 0 {
		return fmt.Errorf("%d calls failed; the first: %w", len(t.failures), t.failures[0])
	}
	if len(t.times) == 0 {
		return errors.New("no call was answered")
	}
	return nil
}

// quantile returns the time within which a share of the answered calls had their answer.
func (t *tally) quantile(share float64) time.Duration {
	slices.Sort(t.times)
	return t.times[int(float64(len(t.times)-1)*share)].Round(100 * time.Microsecond)
}

// load calls the server from a number of callers for some time, each with its next text as soon as it has an answer. It returns
// the answered calls a second.
func load(url string, callers int, duration time.Duration) (*tally, float64, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	var t tally
	var group sync.WaitGroup
	started := time.Now()
	for caller := range callers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(caller), 1))
			for time.Since(started) < duration {
				t.call(client, url+":predict", text(random))
			}
		})
	}
	group.Wait()
	return &t, float64(len(t.times)) / time.Since(started).Seconds(), t.check()
}

func predict(client *http.Client, url, text string) (int, error) {
	body, err := json.Marshal(map[string][]string{"instances": {text}})
	if err != nil {
		return 0, err
	}
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

var words = strings.Fields("i feel so happy sad angry and afraid today because the long winding road to the old house was empty when my sister called")

// text returns a sentence of 5 to 25 words.
func text(random *rand.Rand) string {
	chosen := make([]string, 5+random.IntN(21))
	for i := range chosen {
		chosen[i] = words[random.IntN(len(words))]
	}
	return strings.Join(chosen, " ")
}
