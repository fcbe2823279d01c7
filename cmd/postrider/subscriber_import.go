package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"postrider/internal/errs"
	"postrider/subscribers"
)

// headBytes of a file are enough to know its columns.
const headBytes = 512 << 10

// prepare reads the columns where --map or --refused ask for them, and opens
// the file of the refused rows. done closes that.
func (c *subscriberImportCmd) prepare(in io.Reader, o *subscribers.ImportOptions) (whole io.Reader, done func() error, err error) {
	none := func() error { return nil }
	if len(c.Map) == 0 && c.Refused == "" {
		return in, none, nil
	}
	head, err := io.ReadAll(io.LimitReader(in, headBytes))
	if err != nil {
		return nil, none, fmt.Errorf("reading the file: %w", err)
	}
	whole = io.MultiReader(bytes.NewReader(head), in)
	look, err := subscribers.Look(bytes.NewReader(head), 20)
	if err != nil {
		return nil, none, err
	}
	if len(c.Map) > 0 {
		o.Columns, o.NoHeader = look.Columns, look.NoHeader
		if err := mapColumns(o.Columns, look.Titles, c.Map); err != nil {
			return nil, none, err
		}
	}
	if c.Refused == "" {
		return whole, none, nil
	}
	f, err := os.OpenFile(c.Refused, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, none, fmt.Errorf("making the file of refused rows: %w", err)
	}
	w := csv.NewWriter(f)
	titles := look.Titles
	if look.NoHeader {
		titles = make([]string, len(look.Titles))
	}
	_ = w.Write(subscribers.RefusedHead(titles)) // an error stays until Flush
	o.OnRefused = func(r subscribers.Refusal) { _ = w.Write(subscribers.RefusedRow(r, len(titles))) }
	return whole, func() error {
		w.Flush()
		if err := w.Error(); err != nil {
			return fmt.Errorf("writing the refused rows: %w", err)
		}
		return f.Close()
	}, nil
}

// mapColumns puts "Title=target" into columns. A title may also be the number
// of its column, the first is 1.
func mapColumns(columns, titles, given []string) error {
	for _, m := range given {
		title, to, ok := strings.Cut(m, "=")
		title = strings.TrimSpace(title)
		if !ok {
			return &errs.Error{Kind: errs.Invalid, Field: "--map", Text: fmt.Sprintf("%q: want TITLE=TO, as in \"E-post=email\"", m)}
		}
		at := slices.Index(titles, title)
		if n, err := strconv.Atoi(title); at < 0 && err == nil && n >= 1 && n <= len(titles) {
			at = n - 1
		}
		if at < 0 {
			return &errs.Error{Kind: errs.Invalid, Field: "--map", Text: fmt.Sprintf("no column has the title %q: there are %s", title, strings.Join(titles[:min(len(titles), 12)], ", "))}
		}
		to = strings.TrimSpace(to)
		for i := range columns { // what was guessed to be it is not
			if i != at && to != "" && columns[i] == to {
				columns[i] = ""
			}
		}
		columns[at] = to
	}
	return nil
}
