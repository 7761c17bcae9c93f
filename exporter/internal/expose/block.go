package expose

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// Snapshot is what one scrape of one gateway gave.
type Snapshot struct {
	Gateway  string
	URL      string // without credentials
	At       time.Time
	Up       bool
	Err      error // nil if Up
	Duration time.Duration
	Bytes    int64
	Dropped  int    // samples and series that could not be used
	Series   *Block // of this scrape, nil for none
	Kept     *Block // of an earlier one, where this one failed
	IsGone   bool   // there is no such gateway any more: only what was kept is shown
}

// shown returns the series there are to show.
func (s Snapshot) shown() *Block {
	if s.Series != nil {
		return s.Series
	}
	return s.Kept
}

// Block is the series of one scrape. It is written once in each form that is
// asked for, whoever asks, and never changes.
type Block struct {
	all       []transform.Series // by name
	isForeign bool               // some have not their gateway's label, and may be like another gateway's
	forms     [formCount]written
}

// written is a block in one form.
type written struct {
	once     sync.Once
	families []chunk
}

// chunk is a family's part of a block.
type chunk struct {
	family *transform.Family
	name   string
	series []transform.Series
	bytes  []byte
}

// NewBlock makes a block of a gateway's series, which must not change any more.
func NewBlock(gateway string, series []transform.Series) *Block {
	slices.SortStableFunc(series, func(a, b transform.Series) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	b := &Block{all: series}
	for _, s := range series {
		b.isForeign = b.isForeign || s.Labels.Get(contract.LabelGateway) != gateway
	}
	return b
}

// Series returns the series, by name; they must not be changed.
func (b *Block) Series() []transform.Series {
	if b == nil {
		return nil
	}
	return b.all
}

// in returns the block's families in a form, written if they have not been, by
// means of scratch, which the next block may use again.
func (b *Block) in(f form, scratch *[]byte) []chunk {
	if b == nil {
		return nil
	}
	w := &b.forms[f]
	w.once.Do(func() { w.families = b.write(f.writer(), scratch) })
	return w.families
}

func (b *Block) write(w writer, scratch *[]byte) []chunk {
	var chunks []chunk
	var ends []int
	bytes := (*scratch)[:0]
	for rest := b.all; len(rest) > 0; {
		c := nextFamily(rest)
		for _, s := range c.series {
			bytes = w.appendSeries(bytes, s)
		}
		chunks, ends = append(chunks, c), append(ends, len(bytes))
		rest = rest[len(c.series):]
	}
	*scratch = bytes
	bytes = append(make([]byte, 0, len(bytes)), bytes...) // a block is kept, and so is all that it has
	begin := 0
	for i, end := range ends {
		chunks[i].bytes, begin = bytes[begin:end:end], end
	}
	return chunks
}

// nextFamily returns the series that have the first one's name and type.
func nextFamily(series []transform.Series) chunk {
	first := series[0]
	n := slices.IndexFunc(series, func(s transform.Series) bool { return s.Name != first.Name || s.Type != first.Type })
	if n < 0 {
		n = len(series)
	}
	return chunk{family: first.Family, name: first.Name, series: series[:n]}
}
