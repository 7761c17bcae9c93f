package expose

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressors keeps compressors for the next pages: they take much memory.
type compressors struct{ gzip, zstd sync.Pool }

// compressor is a *gzip.Writer or a *zstd.Encoder.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// Tokens of Accept-Encoding.
const (
	encodingGzip = "gzip"
	encodingZstd = "zstd"
)

// writeCompressed calls write with a writer to the body, in the encoding that the
// request accepts.
func (c *compressors) writeCompressed(w http.ResponseWriter, r *http.Request, write func(io.Writer) error) error {
	encoding := encodingOf(r.Header)
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	if encoding == "" {
		return write(w)
	}
	pool := &c.gzip
	if encoding == encodingZstd {
		pool = &c.zstd
	}
	body, ok := pool.Get().(compressor)
	if !ok {
		body = newCompressor(encoding)
	}
	defer pool.Put(body)
	body.Reset(w)
	w.Header().Set("Content-Encoding", encoding)
	if err := write(body); err != nil {
		return err
	}
	return body.Close()
}

// newCompressor returns a compressor at its fastest level. A page repeats the same
// words, so even this level makes the page thirty times smaller.
func newCompressor(encoding string) compressor {
	if encoding == encodingZstd {
		// NewWriter fails only for options out of range.
		encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow), zstd.WithLowerEncoderMem(true))
		return encoder
	}
	writer, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return writer
}

const zstdWindow = 256 << 10

// encodingOf returns the preferred encoding of an Accept-Encoding header, or "". If
// both have the same weight, it returns zstd, which costs less.
func encodingOf(header http.Header) string {
	best, bestWeight := "", 0.0
	for _, clause := range strings.Split(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, parameter, _ := strings.Cut(strings.TrimSpace(clause), ";")
		name = strings.ToLower(strings.TrimSpace(name))
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			weight, _ = strconv.ParseFloat(text, 64) // an invalid weight is 0: not wanted
		}
		isKnown := name == encodingGzip || name == encodingZstd
		if isKnown && (weight > bestWeight || weight > 0 && weight == bestWeight && name == encodingZstd) {
			best, bestWeight = name, weight
		}
	}
	return best
}
