package e2e_test

import (
	"strconv"
	"testing"
	"time"

	"postrider/store/storetest"
)

// TestPromiseUnderKills runs the program's own drill: the sender is killed at
// random moments, and the ledger is held against what the mail server took.
func TestPromiseUnderKills(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		drill(t)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		drill(t, "--db", storetest.Postgres(t))
	})
}

func drill(t *testing.T, args ...string) {
	t.Helper()
	kills, conns := 20, 10
	if testing.Short() {
		kills = 5
	}
	p := start(t, append([]string{
		"drill", "--readers", "5000", "--kills", strconv.Itoa(kills), "--conns", strconv.Itoa(conns), "--json",
	}, args...))
	p.wantExit(0, 5*time.Minute)
	var v struct {
		Readers     int  `json:"readers"`
		Kills       int  `json:"kills"`
		Lost        *int `json:"lost"`
		Doubled     *int `json:"doubled"`
		NotAccepted *int `json:"marked_accepted_but_not"`
		MostUnknown *int `json:"most_unknown_at_one_kill"`
		Unknown     int  `json:"unknown"`
		Kept        bool `json:"promise_kept"`
	}
	p.value(&v)
	if v.Lost == nil || v.Doubled == nil || v.NotAccepted == nil || v.MostUnknown == nil {
		t.Fatalf("the verdict lacks a figure: %s", p.stdout())
	}
	if !v.Kept || *v.Lost != 0 || *v.Doubled != 0 || *v.NotAccepted != 0 || *v.MostUnknown > conns || v.Readers != 5000 || v.Kills != kills {
		t.Errorf("the drill found:\n%s", p.stdout())
	}
	if v.Unknown > kills*conns {
		t.Errorf("%d are not certain after %d kills over %d connections", v.Unknown, kills, conns)
	}
}
