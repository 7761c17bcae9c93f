package report

import (
	"maps"
	"math"
	"slices"

	"github.com/moodring/moodring/dashgen/internal/baseline"
	"github.com/moodring/moodring/dashgen/internal/board"
)

// Drift is the distance of a mix of labels from another mix.
type Drift struct {
	// Against names the other mix.
	Against string
	// Index is the population stability index, and Distance the Jensen-Shannon
	// distance, 0 to 1.
	Index, Distance float64
	Test            *Test // nil if the predictions are too few for a test
	Verdict         Verdict
}

// Test is Pearson's chi-squared test of the hypothesis that only chance separates the
// mixes.
type Test struct {
	Statistic float64
	Freedom   int     // degrees of freedom
	P         float64 // probability of such a statistic by chance
}

// Verdict is the result of a comparison, in words.
type Verdict string

// Verdicts.
const (
	TooFew Verdict = "too few predictions to tell"
	Steady Verdict = "no drift"
	Moved  Verdict = "drift"
	Far    Verdict = "great drift"
)

// compare returns the drift of counts from a reference. An exact reference holds shares.
// Any other reference holds counts, and the test allows for chance in them too.
func compare(counts, reference map[string]float64, isExact bool, against string) Drift {
	given, expected := shares(counts), shares(reference)
	labels := union(given, expected)
	d := Drift{Against: against}
	var divergence float64
	for _, label := range labels {
		p, q := given[label], expected[label]
		d.Index += index(p, q)
		divergence += bits(p, (p+q)/2) + bits(q, (p+q)/2)
	}
	d.Distance = math.Sqrt(math.Max(0, divergence/2))
	if isExact {
		d.Test = fits(counts, expected, labels)
	} else {
		d.Test = agree(counts, reference, labels)
	}
	d.Verdict = judge(d.Index, baseline.Sum(counts), len(labels))
	return d
}

// judge applies the conventional limits of the index, as the alerts do.
func judge(index, predictions float64, labels int) Verdict {
	switch {
	case predictions <= float64(labels*board.PredictionsPerLabel):
		return TooFew
	case index < board.IndexWarning:
		return Steady
	case index < board.IndexGreat:
		return Moved
	}
	return Far
}

func index(p, q float64) float64 {
	p, q = math.Max(p, board.SmallestShare), math.Max(q, board.SmallestShare)
	return (p - q) * math.Log(p/q)
}

// bits is a term of the Kullback-Leibler divergence of p from m.
func bits(p, m float64) float64 {
	if p == 0 {
		return 0
	}
	return p * math.Log2(p/m)
}

func shares(counts map[string]float64) map[string]float64 {
	total := baseline.Sum(counts)
	all := map[string]float64{}
	for label, n := range counts {
		if n > 0 {
			all[label] = n / total
		}
	}
	return all
}

func union(a, b map[string]float64) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// fewest is the smallest expected number of a cell of the test. Cells with fewer are
// added up, because the statistic has its distribution only for larger numbers.
const fewest = 5

// cells adds up pairs of an observed and an expected number.
type cells struct {
	statistic float64
	count     int
	rest      [2]float64
}

func (c *cells) add(observed, expected float64) {
	if expected < fewest {
		c.rest[0] += observed
		c.rest[1] += expected
		return
	}
	c.statistic += (observed - expected) * (observed - expected) / expected
	c.count++
}

// test returns the test of the cells; nil for less than two. If the cells with few
// expected predictions together still have few, fewest stands for their number, so
// that the statistic is too small rather than too large.
func (c *cells) test() *Test {
	if observed, expected := c.rest[0], c.rest[1]; expected > 0 {
		c.statistic += (observed - expected) * (observed - expected) / math.Max(expected, fewest)
		c.count++
	}
	return newTest(c.statistic, c.count)
}

func newTest(statistic float64, cells int) *Test {
	freedom := cells - 1
	if freedom < 1 {
		return nil
	}
	return &Test{statistic, freedom, upperGamma(float64(freedom)/2, statistic/2)}
}

// fits tests counts against exact shares.
func fits(counts, expected map[string]float64, labels []string) *Test {
	var c cells
	total := baseline.Sum(counts)
	for _, label := range labels {
		c.add(counts[label], total*math.Max(expected[label], board.SmallestShare))
	}
	return c.test()
}

// agree tests whether two lists of counts have the same mix.
func agree(a, b map[string]float64, labels []string) *Test {
	totalA, totalB := baseline.Sum(a), baseline.Sum(b)
	all := totalA + totalB
	var statistic float64
	count := 0
	add := func(inA, inB float64) {
		both := inA + inB
		for _, cell := range [][2]float64{{inA, both * totalA / all}, {inB, both * totalB / all}} {
			observed, expected := cell[0], cell[1]
			statistic += (observed - expected) * (observed - expected) / expected
		}
		count++
	}
	var rest [2]float64
	for _, label := range labels {
		if inA, inB := a[label], b[label]; (inA+inB)*math.Min(totalA, totalB)/all < fewest {
			rest[0], rest[1] = rest[0]+inA, rest[1]+inB
		} else {
			add(inA, inB)
		}
	}
	if rest[0]+rest[1] > 0 {
		add(rest[0], rest[1])
	}
	return newTest(statistic, count)
}
