package ids

import (
	"encoding/json"
	"testing"
)

type thing struct{}

func TestIDsAscendAndSurviveTheirText(t *testing.T) {
	t.Parallel()
	var last ID[thing]
	var lastText string
	for range 100_000 {
		id := New[thing]()
		if id <= last {
			t.Fatalf("id %d after %d: ids must ascend", id, last)
		}
		text := id.String()
		if text <= lastText || len(text) != 13 {
			t.Fatalf("%q after %q: texts must sort like ids", text, lastText)
		}
		back, err := Parse[thing](text)
		if err != nil || back != id {
			t.Fatalf("Parse(%q) = %d, %v; want %d", text, back, err, id)
		}
		last, lastText = id, text
	}
}

func TestBlockIsReserved(t *testing.T) {
	t.Parallel()
	first := Block(20_000)
	if next := int64(New[thing]()); next < first+20_000 && next >= first {
		t.Fatalf("New returned %d inside the block from %d", next, first)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "x", "0123456789ab", "0123456789abcd", "z123456789abc", "0123456789abu", "0123456789ABC"} {
		if id, err := Parse[thing](s); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", s, id)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	in := struct {
		ID   ID[thing] `json:"id"`
		None ID[thing] `json:"none"`
	}{ID: New[thing]()}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out := in
	out.ID, out.None = 0, 7
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Fatalf("read %s as %+v, %v; want %+v", b, out, err, in)
	}
}
