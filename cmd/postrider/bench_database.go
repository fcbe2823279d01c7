package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// databaseCPU is the processor time so far of a PostgreSQL server on this
// machine: of the process that all its others descend from, of those, and of
// those that have ended. It is false where the server runs elsewhere, the
// database is a file of ours, or the system does not tell.
func databaseCPU(ctx context.Context, h *house) (time.Duration, bool) {
	backend, ok := h.store.ServerProcess(ctx)
	if !ok {
		return 0, false
	}
	one, ok := processStat(backend)
	if !ok {
		return 0, false
	}
	server, ok := processStat(one.parent)
	if !ok || server.name != one.name {
		return 0, false // another process has that number here
	}
	all := server.own + server.ended
	others, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, false
	}
	for _, path := range others {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if p, ok := processStat(pid); ok && p.parent == one.parent {
			all += p.own
		}
	}
	return all, true
}

// processTimes is what proc_pid_stat(5) says of a process.
type processTimes struct {
	name   string
	parent int
	own    time.Duration // by itself
	ended  time.Duration // by those of its children that have ended
}

// tick is the unit of /proc, USER_HZ: 100 a second on all that Go runs on.
const tick = time.Second / 100

func processStat(pid int) (processTimes, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return processTimes{}, false
	}
	// The name is in brackets and may hold spaces and brackets itself.
	from, to := strings.IndexByte(string(b), '('), strings.LastIndexByte(string(b), ')')
	if from < 0 || to < from {
		return processTimes{}, false
	}
	fields := strings.Fields(string(b[to+1:])) // from the third on
	if len(fields) < 15 {
		return processTimes{}, false
	}
	n := make([]int64, 15)
	for _, i := range []int{1, 11, 12, 13, 14} {
		if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return processTimes{}, false
		}
	}
	return processTimes{
		name:   string(b[from+1 : to]),
		parent: int(n[1]),
		own:    time.Duration(n[11]+n[12]) * tick,
		ended:  time.Duration(n[13]+n[14]) * tick,
	}, true
}
