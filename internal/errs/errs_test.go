package errs_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"postrider/internal/errs"
)

func TestTheTextSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  errs.Error
		want string
	}{
		{errs.Error{Text: "name a list"}, "name a list"},
		{errs.Error{Field: "--from", Text: "name the sender"}, "--from: name the sender"},
		{errs.Error{File: "a.md", Line: 3, Field: "title", Text: "write one", Err: io.EOF}, "a.md:3: title: write one: EOF"},
		{errs.Error{File: "a.md", Text: "it is empty"}, "a.md: it is empty"},
		{errs.Error{Line: 3, Text: "it is empty"}, "line 3: it is empty"},
		{errs.Error{Field: "zone", Err: io.EOF}, "zone: EOF"},
		{errs.Error{Err: io.EOF}, "EOF"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%+v reads %q, want %q", c.err, got, c.want)
		}
	}
}

func TestEachMakerHasItsKind(t *testing.T) {
	t.Parallel()
	for kind, maker := range map[errs.Kind]func(string, ...any) error{
		errs.Invalid: errs.Invalidf, errs.NotFound: errs.NotFoundf, errs.Conflict: errs.Conflictf, errs.Forbidden: errs.Forbiddenf, errs.Unavailable: errs.Unavailablef,
	} {
		err := maker("reading %s: %w", "x", io.EOF)
		if errs.KindOf(err) != kind || !errs.Is(err, kind) || errs.Is(err, errs.Internal) || err.Error() != "reading x: EOF" || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v of kind %s, wraps its cause: %t", kind, err, errs.KindOf(err), errors.Is(err, io.EOF))
		}
	}
	if errs.Is(nil, errs.Internal) {
		t.Error("no error is our fault")
	}
}

func TestTheOutermostKindCounts(t *testing.T) {
	t.Parallel()
	missing := errs.NotFoundf("no such row")
	for _, c := range []struct {
		name string
		err  error
		want errs.Kind
	}{
		{"nil", nil, errs.Internal},
		{"no kind", io.EOF, errs.Internal},
		{"wrapped", fmt.Errorf("opening: %w", fmt.Errorf("reading: %w", missing)), errs.NotFound},
		{"changed on the way", errs.Conflictf("somebody was faster: %w", missing), errs.Conflict},
		{"with a place", fmt.Errorf("reading: %w", &errs.Error{Kind: errs.Invalid, Err: missing}), errs.Invalid},
		{"flattened", errors.New(missing.Error()), errs.Internal},
		{"joined", errors.Join(io.EOF, missing), errs.NotFound},
		{"joined, first kind", errors.Join(errs.Unavailablef("busy"), missing), errs.Unavailable},
		{"joined below", fmt.Errorf("%w, %w", io.EOF, fmt.Errorf("closing: %w", missing)), errs.NotFound},
		{"joined without", errors.Join(io.EOF, io.ErrUnexpectedEOF), errs.Internal},
		{"an error of our own without a kind", &errs.Error{Text: "x"}, errs.Internal},
	} {
		if got := errs.KindOf(c.err); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := fmt.Sprint(errs.Internal, errs.Invalid, errs.NotFound, errs.Conflict, errs.Forbidden, errs.Unavailable); got != "internal invalid not found conflict forbidden unavailable" {
		t.Errorf("the kinds are called %q", got)
	}
}

func TestNearestSuggestsOnlyWhatIsNear(t *testing.T) {
	t.Parallel()
	known := []string{"news", "Newsletter", "members", "größe", "x"}
	for _, c := range []struct{ word, want string }{
		{"news", "news"}, {"nwes", "news"}, {"NEWS", "news"}, {"newsleter", "Newsletter"}, {"member", "members"}, {"grösse", "größe"},
		{"xylophone", ""}, {"", ""}, {"y", ""}, {"mmmmmmm", ""},
	} {
		if got := errs.Nearest(c.word, known); got != c.want {
			t.Errorf("nearest to %q is %q, want %q", c.word, got, c.want)
		}
	}
	if got := errs.Nearest("日本語日本語", []string{"news", "weekly"}); got != "" {
		t.Errorf("letters of three bytes count once, but %q was suggested", got)
	}
	if got := errs.Nearest("ab", []string{"ac", "ad"}); got != "ac" {
		t.Errorf("of two as near the nearest is %q, want the first", got)
	}
	if got := errs.Nearest("news", nil); got != "" {
		t.Errorf("of none the nearest is %q", got)
	}
}
