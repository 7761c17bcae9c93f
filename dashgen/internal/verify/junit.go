package verify

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The parts of a JUnit report that CI systems read: a suite for each dashboard,
// and a case for each query.
type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Cases    []testcase `xml:"testcase"`
}

type testcase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *problem `xml:"failure"`
	Skipped *problem `xml:"skipped"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a report as JUnit XML.
func WriteJUnit(out io.Writer, report Report) error {
	var all suites
	at := map[string]int{}
	for _, q := range report.Queries {
		if _, ok := at[q.Board]; !ok {
			at[q.Board] = len(all.Suites)
			all.Suites = append(all.Suites, suite{Name: q.Board})
		}
		all.Suites[at[q.Board]].add(q)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JUnit's XML: %w", err)
	}
	_, err = io.WriteString(out, xml.Header+string(text)+"\n")
	return err
}

func (s *suite) add(q Result) {
	c := testcase{Class: q.Board, Name: q.Panel + ": " + q.Expr, Time: fmt.Sprintf("%.3f", q.Seconds)}
	outcome := &problem{Message: string(q.State), Text: strings.Join(append(q.Notes, q.Error), "\n")}
	switch {
	case q.State == Off:
		c.Skipped = outcome
		s.Skipped++
	case !q.State.Sound():
		c.Failure = outcome
		s.Failures++
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
}
