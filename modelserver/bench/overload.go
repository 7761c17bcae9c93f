package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// deadline is the model server's --queue-timeout.
const deadline = 15 * time.Second

// growth is the memory in MB that the overload may add: the server's budget for bodies is 96 MiB.
const growth = 128

// overload sends twice the calls that the server answers, for some time. A call that is not answered in time must be refused at
// once, and the server's memory must stay bounded.
func overload(command []string, duration time.Duration) error {
	s, err := start(command...)
	if err != nil {
		return err
	}
	defer s.stop()
	rate, err := s.sustainable()
	if err != nil {
		return err
	}
	before, _, err := s.memory()
	if err != nil {
		return err
	}
	fmt.Printf("sustainable: %.0f requests a second; sending %.0f for %s\n", rate, 2*rate, duration)
	t, err := s.flood(2*rate, duration)
	if err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	_, peak, err := s.memory()
	if err != nil {
		return err
	}
	fmt.Printf("answered %d, refused %d; p50 %s, p99 %s; peak memory %.0f MB\n", len(t.times), t.refused, t.quantile(0.5), t.quantile(0.99), peak)
	if late := t.quantile(0.99); late > deadline {
		return fmt.Errorf("p99 is %s, above the deadline of %s", late, deadline)
	}
	if peak > before+growth {
		return fmt.Errorf("the peak memory is %.0f MB, more than %d MB above the %.0f MB before", peak, growth, before)
	}
	return nil
}

// sustainable returns the calls a second that the server answers. It doubles the rate until the server no longer keeps up: more waiting
// calls make larger runs of the network, so that a rate measured with a few callers is too low.
func (s *server) sustainable() (float64, error) {
	_, rate, err := load(s.url, 64, 5*time.Second)
	for err == nil {
		var t *tally
		started := time.Now()
		if t, err = s.flood(2*rate, 5*time.Second); err != nil {
			break
		}
		reached := float64(len(t.times)) / time.Since(started).Seconds()
		if reached < 1.5*rate {
			return max(rate, reached), t.check()
		}
		rate = reached
	}
	return 0, err
}

// flood sends calls at a rate, each on time, whether or not earlier calls have an answer. It prints the memory ten times.
func (s *server) flood(rate float64, duration time.Duration) (*tally, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1 << 14}, Timeout: 2 * deadline}
	defer client.CloseIdleConnections()
	random := rand.New(rand.NewPCG(1, 1))
	var t tally
	var group sync.WaitGroup
	started, printed := time.Now(), 0
	for sent := 0; ; sent++ {
		due := time.Duration(float64(sent) / rate * float64(time.Second))
		if due >= duration {
			break
		}
		time.Sleep(time.Until(started.Add(due)))
		sentence := text(random)
		group.Go(func() { t.call(client, s.url+":predict", sentence) })
		if tenths := int(10 * due / duration); tenths > printed {
			printed = tenths
			memory, _, err := s.memory()
			if err != nil {
				return nil, fmt.Errorf("the server ended after %s: %w", due, err)
			}
			fmt.Printf("after %s: memory %.0f MB\n", due.Round(time.Second), memory)
		}
	}
	group.Wait()
	return &t, nil
}
