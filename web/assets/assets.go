// Package assets holds the style sheet and the scripts of the administration,
// the demo and the small public pages. Their addresses carry a hash of their
// content, so that browsers may keep them for a year. Every page can be read
// without the scripts.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"postrider/internal/errs"
)

//go:embed files
var files embed.FS

// Prefix begins the address of every asset.
const Prefix = "/assets/"

type asset struct {
	body   []byte
	packed []byte // with gzip
	kind   string // MIME type
}

type shelf struct {
	byAddress map[string]asset
	address   map[string]string // by file name
}

// load reads the embedded files once; they never change.
var load = sync.OnceValue(func() shelf {
	s := shelf{byAddress: map[string]asset{}, address: map[string]string{}}
	entries, err := files.ReadDir("files")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	for _, e := range entries {
		body, err := content(e)
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		address := Prefix + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		s.byAddress[address] = asset{body: body, packed: pack(body), kind: kindOf(ext)}
		s.address[e.Name()] = address
	}
	return s
})

// content is a file, or the files of a folder behind each other in the order
// of their names: "desk.css" is a folder, so that each area of the
// administration has a file of its own.
func content(e fs.DirEntry) ([]byte, error) {
	if !e.IsDir() {
		return files.ReadFile("files/" + e.Name())
	}
	parts, err := files.ReadDir("files/" + e.Name())
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, p := range parts {
		body, err := files.ReadFile("files/" + e.Name() + "/" + p.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, body...)
	}
	return all, nil
}

// pack writes to memory, which does not fail.
func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Bytes()
}

// kindOf does not ask the machine for what browsers depend on.
func kindOf(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(ext)
}

// Path returns the address of a file by its plain name: "postrider.css" gives
// "/assets/postrider.4f1c….css". A name that does not exist is a mistake in a
// page and panics; the tests execute every page.
func Path(name string) string {
	address, ok := load().address[name]
	if !ok {
		panic("assets: there is no " + name)
	}
	return address
}

// Packed is how many bytes of a file travel with gzip, by its plain name; 0 for
// one that does not exist.
func Packed(name string) int { return len(load().byAddress[load().address[name]].packed) }

// Icon answers for /favicon.ico, which browsers ask for unbidden, beside pages
// that name no icon.
func Icon(w http.ResponseWriter, r *http.Request) error {
	a := load().byAddress[Path("postrider.svg")]
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	return nil
}

// Serve answers GET and HEAD of an asset, for a year. An address whose hash is
// not ours is NotFound.
func Serve(w http.ResponseWriter, r *http.Request) error {
	a, ok := load().byAddress[r.URL.Path]
	if !ok {
		return errs.NotFoundf("there is no such file: reload the page that asked for it")
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Vary", "Accept-Encoding")
	body := a.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" {
		w.Header().Set("Content-Encoding", "gzip")
		body = a.packed
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}
