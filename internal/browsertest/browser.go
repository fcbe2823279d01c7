// Package browsertest lets a test use pages as a person does, in a real
// Chromium: click, type, look. While it does so it watches: an error on the
// console, a request to another host than the one that was opened, and a page
// wider than its window fail the test. It is for tests only; where no browser
// is installed they skip and say so, and with POSTRIDER_TEST_ALL=1 they fail.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long one step may take on a busy machine.
const patience = 60 * time.Second

// Browser is a running Chromium. It ends with its test.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start runs a browser until the test ends. In short mode the test skips.
func Start(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("not tested in short mode: a browser takes its time")
	}
	path := find()
	if path == "" {
		if os.Getenv("POSTRIDER_TEST_ALL") == "1" {
			t.Fatal("no browser here: neither chromium nor google-chrome is in PATH")
		}
		t.Skip("not tested in a browser: neither chromium nor google-chrome is in PATH")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(patience),
		// Nothing here may ask the world anything.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"),
		chromedp.UserDataDir(t.TempDir()),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		cancel()
		stop() // waits until the process has gone
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &Browser{t: t, ctx: ctx}
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
