// Package assets holds the style sheet and the scripts of the administration,
// the demo and the small public pages. Their addresses carry a hash of their
// content, so that browsers may keep them for a year. Every page can be read
// without the scripts.
package assets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
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
	body []byte
	kind string // MIME type
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
		body, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		address := Prefix + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		s.byAddress[address] = asset{body: body, kind: kindOf(ext)}
		s.address[e.Name()] = address
	}
	return s
})

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

// Serve answers GET and HEAD of an asset, for a year. An address whose hash is
// not ours is NotFound.
func Serve(w http.ResponseWriter, r *http.Request) error {
	a, ok := load().byAddress[r.URL.Path]
	if !ok {
		return errs.NotFoundf("there is no such file: reload the page that asked for it")
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	return nil
}
