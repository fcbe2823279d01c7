package networks_test

import (
	"encoding/json"
	"os"
	"testing"

	"postrider/networks"
)

// TestCountsEqualTheNetworksOwn compares with the counts of X's and Bluesky's
// own libraries; testdata/oracle.js made them.
func TestCountsEqualTheNetworksOwn(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases [][3]any
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 3000 {
		t.Fatalf("%d cases: the oracle has thousands", len(cases))
	}
	x, bluesky := find(t, "x"), find(t, "bluesky")
	wrong := 0
	for _, c := range cases {
		text := c[0].(string)
		if got, want := x.Measure(text).Count, int(c[1].(float64)); got != want {
			t.Errorf("X counts %+q %d, we %d", text, want, got)
			wrong++
		}
		if got, want := bluesky.Measure(text).Count, int(c[2].(float64)); got != want {
			t.Errorf("Bluesky counts %+q %d, we %d", text, want, got)
			wrong++
		}
		if wrong > 40 {
			t.Fatal("and more")
		}
	}
}

func find(t testing.TB, id string) networks.Network {
	t.Helper()
	n, err := networks.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
