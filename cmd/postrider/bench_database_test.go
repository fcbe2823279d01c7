package main

import (
	"os"
	"testing"
	"time"
)

func TestProcessStatReadsOurOwn(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("not tested: this system has no /proc")
	}
	own, ok := processStat(os.Getpid())
	if !ok || own.parent != os.Getppid() || own.name == "" {
		t.Fatalf("read %+v, %v; our parent is %d", own, ok, os.Getppid())
	}
	before := cpu()
	for cpu() < before+50*time.Millisecond { // work that /proc must show
	}
	later, _ := processStat(os.Getpid())
	if d := later.own - cpu(); d < -100*time.Millisecond || d > 100*time.Millisecond {
		t.Errorf("/proc says %v, getrusage %v", later.own, cpu())
	}
}
