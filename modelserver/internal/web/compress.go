package web

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
)

// worthCompressing is the least size in bytes of a compressed reply. A shorter reply fits into one packet uncompressed.
const worthCompressing = 1400

// compress returns a reply's content in an encoding that the caller accepts, and sets Content-Encoding.
func compress(w http.ResponseWriter, r *http.Request, content []byte) ([]byte, error) {
	encoding := accepted(r.Header.Get("Accept-Encoding"))
	if encoding == "" || len(content) < worthCompressing {
		return content, nil
	}
	var out bytes.Buffer
	var writer io.WriteCloser = gzip.NewWriter(&out)
	if encoding == "deflate" {
		writer = zlib.NewWriter(&out)
	}
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	w.Header().Set("Content-Encoding", encoding)
	w.Header().Add("Vary", "Accept-Encoding")
	return out.Bytes(), nil
}

// accepted returns the first of an Accept-Encoding header's encodings that the server knows, or "".
func accepted(header string) string {
	for item := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(item), ";")
		quality = strings.ReplaceAll(quality, " ", "")
		if quality == "q=0" || strings.HasPrefix(quality, "q=0.0") && strings.Trim(quality, "q=0.") == "" {
			continue
		}
		if name == "gzip" || name == "deflate" {
			return name
		}
	}
	return ""
}
