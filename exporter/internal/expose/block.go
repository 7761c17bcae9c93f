package expose

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/moodring/moodring/contract"
	"github.com/moodring/moodring/exporter/internal/transform"
)

// Snapshot is the result of a gateway's scrape.
type Snapshot struct {
	Gateway  string
	URL      string // without credentials
	At       time.Time
	Up       bool
	Err      error // nil if Up
	Duration time.Duration
	Bytes    int64
	Dropped  int    // samples and series that could not be used
	Series   *Block // of this scrape; nil if it failed
	Kept     *Block // of an earlier scrape, if this scrape failed
	IsGone   bool   // the gateway was removed: only Kept is exported
}

// exported returns the series for the page.
func (s Snapshot) exported() *Block {
	if s.Series != nil {
		return s.Series
	}
	return s.Kept
}

// Block holds the series of a scrape, and never changes. It is encoded once in each
// requested form, and shared by all requests.
type Block struct {
	all       []transform.Series // by name
	isForeign bool               // a series without its gateway's label may be equal to another gateway's
	forms     [formCount]encoded
}

// encoded is a block in one form.
type encoded struct {
	once     sync.Once
	families []chunk
}

// chunk is a metric family of a block.
type chunk struct {
	family *transform.Family
	name   string
	series []transform.Series
	bytes  []byte
}

// NewBlock returns a block of a gateway's series. The caller must not change series
// afterwards.
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

// Series returns the series, sorted by name. They must not be changed.
func (b *Block) Series() []transform.Series {
	if b == nil {
		return nil
	}
	return b.all
}

// in returns the block's families in a form, and encodes them at the first call.
// scratch is memory that all blocks of a page share.
func (b *Block) in(f form, scratch *[]byte) []chunk {
	if b == nil {
		return nil
	}
	e := &b.forms[f]
	e.once.Do(func() { e.families = b.encode(f.encoder(), scratch) })
	return e.families
}

func (b *Block) encode(e encoder, scratch *[]byte) []chunk {
	var chunks []chunk
	var ends []int
	bytes := (*scratch)[:0]
	for rest := b.all; len(rest) > 0; {
		c := nextFamily(rest)
		for _, s := range c.series {
			bytes = e.appendSeries(bytes, s)
		}
		chunks, ends = append(chunks, c), append(ends, len(bytes))
		rest = rest[len(c.series):]
	}
	*scratch = bytes
	bytes = append(make([]byte, 0, len(bytes)), bytes...) // a block is kept, so its memory is as small as possible
	begin := 0
	for i, end := range ends {
		chunks[i].bytes, begin = bytes[begin:end:end], end
	}
	return chunks
}

// nextFamily returns the first series and all that follow with the same name and type.
func nextFamily(series []transform.Series) chunk {
	first := series[0]
	n := slices.IndexFunc(series, func(s transform.Series) bool { return s.Name != first.Name || s.Type != first.Type })
	if n < 0 {
		n = len(series)
	}
	return chunk{family: first.Family, name: first.Name, series: series[:n]}
}
