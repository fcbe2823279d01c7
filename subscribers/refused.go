package subscribers

import (
	"encoding/csv"
	"io"
	"slices"
)

// refusedWriter writes refused rows as CSV: the titles of their files, then line
// and reason. Mended, the file is imported again as it is.
type refusedWriter struct {
	w      *csv.Writer // nil: nobody wants them
	titles []string    // of all files, each once
	places [][]int     // for each file, where its columns are in titles
	wrote  bool
}

// newRefusedWriter makes one for all files of an import; w may be nil.
func newRefusedWriter(w io.Writer, sources []source) *refusedWriter {
	r := &refusedWriter{}
	if w == nil {
		return r
	}
	r.w = csv.NewWriter(w)
	for _, s := range sources {
		var places []int
		for _, title := range s.titles {
			at := slices.Index(r.titles, title)
			switch name := fieldName(title); {
			case name == refusedLine || name == refusedReason:
				at = -1
			case at < 0 || title == "":
				at = len(r.titles)
				r.titles = append(r.titles, title)
			}
			places = append(places, at)
		}
		r.places = append(r.places, places)
	}
	return r
}

// add writes one; errors come back from flush.
func (r *refusedWriter) add(x Refusal, src int) {
	if r.w == nil {
		return
	}
	if !r.wrote {
		r.wrote = true
		_ = r.w.Write(RefusedHead(r.titles))
	}
	cells := make([]string, len(r.titles))
	for i, c := range x.Cells {
		if i < len(r.places[src]) && r.places[src][i] >= 0 {
			cells[r.places[src][i]] = c
		}
	}
	if len(x.Cells) > 0 {
		x.Cells = cells
	}
	_ = r.w.Write(RefusedRow(x, len(r.titles)))
}

func (r *refusedWriter) flush() error {
	if r.w == nil {
		return nil
	}
	r.w.Flush()
	return r.w.Error()
}
