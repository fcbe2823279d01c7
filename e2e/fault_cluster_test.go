package e2e_test

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// cluster is a PostgreSQL that a test may break: its own, on TCP, as durable as
// PostgreSQL is by default.
type cluster struct {
	t    testing.TB
	bin  string
	dir  string
	port string
}

func newCluster(t testing.TB) *cluster {
	t.Helper()
	c := &cluster{t: t, bin: postgresFolder(t), port: freePort(t)}
	dir, err := os.MkdirTemp("", "postrider-pg-") // not t.TempDir, which only its owner may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // of a server that has ended
	c.dir = dir
	if who := c.owner(); who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	c.must("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	t.Cleanup(func() { _, _ = c.command("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop").CombinedOutput() }) // it may be down
	c.control("start")
	return c
}

// postgresFolder finds pg_ctl and its neighbours.
func postgresFolder(t testing.TB) string {
	t.Helper()
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		missing(t, "PostgreSQL (initdb, pg_ctl) is not installed")
	}
	return found[len(found)-1]
}

// owner is whom root runs PostgreSQL as: it refuses to run as root.
func (c *cluster) owner() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	missing(c.t, "PostgreSQL does not run as root, and there is no user postgres or nobody")
	return nil
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + c.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner()}
	return cmd
}

func (c *cluster) must(name string, args ...string) {
	c.t.Helper()
	if out, err := c.command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// control starts or restarts the server and waits until it answers. A restart
// ends it as a crash would.
func (c *cluster) control(verb string) {
	c.t.Helper()
	log := filepath.Join(c.dir, "log")
	c.must("pg_ctl", "-D", filepath.Join(c.dir, "data"), "-l", log, "-w", "-t", "60", "-m", "immediate",
		"-o", "-c listen_addresses=127.0.0.1 -p "+c.port+" -k "+c.dir, verb)
}

func (c *cluster) address() string { return "127.0.0.1:" + c.port }

// at is the URL of the database behind an address.
func at(address string) string { return "postgres://postgres@" + address + "/postgres?sslmode=disable" }

// terminate ends all sessions of clients.
func (c *cluster) terminate() {
	c.t.Helper()
	c.must("psql", "-h", c.dir, "-p", c.port, "-U", "postgres", "-qAtc",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
}
