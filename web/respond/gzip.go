package respond

import (
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// leastPacked is the size below which an answer fits into one packet anyway.
const leastPacked = 1024

// packedKinds are what gets smaller: text. Pictures are packed already.
var packedKinds = []string{
	"text/html", "text/plain", "text/csv", "text/calendar", "application/json", "application/xml", "application/rss+xml",
	"application/atom+xml", "application/feed+json", "text/xml", "application/jsonl",
}

// packers are kept: each has tables of 800 KB. One level is enough for all.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed+2) // the level exists
	return z
}}

// packer sends an answer with gzip where its kind and size are worth it. It
// decides at the first kilobyte, the first flush, or the end.
//
// How long a packed page is tells a listener on the line how much two pieces of
// it resemble each other (BREACH): whoever makes a victim's browser ask again and
// again for a page with words of his choice beside a secret can guess the
// secret. Two things are in the way. No page has a standing secret in it:
// requests from elsewhere are told by their headers (http.CrossOriginProtection),
// so no form has a token, and the session's is only in its cookie. And packs
// knows a request that another site began in a browser that we know: it is
// answered plain, so that a reader's name cannot be guessed through the search
// box either.
type packer struct {
	http.ResponseWriter
	packs  bool // the browser takes gzip and may have it
	status int
	kept   []byte
	began  bool
	z      *gzip.Writer
}

// packs says whether an answer to r may be packed.
func packs(r *http.Request) bool {
	if r.Method == http.MethodHead || r.Header.Get("Range") != "" || !takesGzip(r.Header.Values("Accept-Encoding")) {
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "cross-site" && site != "same-site" || r.Header.Get("Cookie") == ""
}

// takesGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func takesGzip(accept []string) bool {
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name = strings.TrimSpace(name); !strings.EqualFold(name, "gzip") && name != "*" {
			continue
		}
		weight = strings.ReplaceAll(strings.ToLower(weight), " ", "")
		return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || !strings.HasPrefix(weight, "q=")
	}
	return false
}

// WriteHeader keeps the status until it is known how the answer travels.
func (p *packer) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		p.ResponseWriter.WriteHeader(status)
		return
	}
	if p.status == 0 {
		p.status = status
	}
}

func (p *packer) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.status = http.StatusOK
	}
	if !p.began {
		if len(p.kept)+len(b) < leastPacked {
			p.kept = append(p.kept, b...)
			return len(b), nil
		}
		if err := p.begin(len(p.kept) + len(b)); err != nil {
			return 0, err
		}
	}
	return p.out(b)
}

func (p *packer) out(b []byte) (int, error) {
	if p.z != nil {
		return p.z.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// begin decides by what is there, size bytes or more, and sends what was kept.
func (p *packer) begin(size int) error {
	p.began = true
	h := p.Header()
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	text := slices.Contains(packedKinds, kind) && h.Get("Content-Encoding") == ""
	if text {
		h.Add("Vary", "Accept-Encoding")
	}
	hasBody := p.status != http.StatusNoContent && p.status != http.StatusNotModified && p.status != http.StatusPartialContent
	if text && p.packs && hasBody && size >= leastPacked {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
		h.Del("Accept-Ranges")
		// The same page, other bytes: a weak tag says just that, and
		// If-None-Match compares weakly.
		if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) {
			h.Set("Etag", "W/"+tag)
		}
		p.z = packers.Get().(*gzip.Writer)
		p.z.Reset(p.ResponseWriter)
	}
	if p.status != 0 {
		p.ResponseWriter.WriteHeader(p.status)
	}
	if len(p.kept) == 0 {
		return nil
	}
	_, err := p.out(p.kept)
	p.kept = nil
	return err
}

// FlushError sends what is there: a long answer in parts arrives in parts. An
// answer that is flushed will be long.
func (p *packer) FlushError() error {
	if p.status == 0 {
		p.status = http.StatusOK
	}
	if !p.began {
		if err := p.begin(leastPacked); err != nil {
			return err
		}
	}
	if p.z != nil {
		if err := p.z.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

// Flush is for those who ask for an http.Flusher.
func (p *packer) Flush() { _ = p.FlushError() }

// end sends what is left. Without it nothing of a short answer has been sent.
func (p *packer) end() {
	if !p.began {
		if p.status == 0 && len(p.kept) == 0 {
			return // the server answers by itself
		}
		_ = p.begin(len(p.kept)) // the reader has gone: nobody is left to be told
	}
	if p.z != nil {
		_ = p.z.Close()
		p.z.Reset(io.Discard) // keeps no hold on the answer
		packers.Put(p.z)
		p.z = nil
	}
}

// Unwrap is for http.ResponseController: deadlines.
func (p *packer) Unwrap() http.ResponseWriter { return p.ResponseWriter }
