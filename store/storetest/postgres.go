package storetest

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"postrider/store"
)

// Postgres returns the URL of a fresh PostgreSQL database with the current
// schema. It is dropped at the end of the test.
func Postgres(t testing.TB) string {
	t.Helper()
	return database(t, "TEMPLATE "+template)
}

// EmptyPostgres returns the URL of a fresh PostgreSQL database without any
// table, for tests of the migration itself.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	return database(t, "")
}

const template = "postrider_template"

// errNoPostgres says that there is nothing to start.
var errNoPostgres = errors.New("no PostgreSQL here: initdb and pg_ctl are neither in PATH nor below /usr/lib/postgresql")

// cluster is the process's own PostgreSQL. It lives as long as the process:
// see script.
type cluster struct {
	dir    string
	serial atomic.Int64
	// hold keeps the pipe open that the watcher reads.
	hold io.Closer
}

// shared starts one cluster for all tests of the process.
var shared = sync.OnceValues(start)

func database(t testing.TB, with string) string {
	t.Helper()
	c, err := shared()
	if errors.Is(err, errNoPostgres) && os.Getenv("POSTRIDER_TEST_ALL") != "1" {
		t.Skipf("not tested on PostgreSQL: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t%d", c.serial.Add(1))
	if err := c.admin("CREATE DATABASE " + name + " " + with); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.admin("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("%v", err)
		}
	})
	return c.url(name)
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@/" + database + "?" + url.Values{"host": {c.dir}, "sslmode": {"disable"}}.Encode()
}

func (c *cluster) admin(statement string) error {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// script makes a cluster, starts it, says "ready" and waits until the test
// process closes its end of the pipe, which the operating system does for a
// process that dies in whatever way. Then it stops the cluster and removes it.
// Durability is switched off: the disk is not what these tests are about.
const script = `
trap '' PIPE
"$BIN/initdb" -D "$DIR/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$DIR/log" 2>&1 &&
"$BIN/pg_ctl" -D "$DIR/data" -l "$DIR/log" -w -t 60 -o "-c listen_addresses='' -k $DIR -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB -c max_connections=300" start >/dev/null 2>&1 &&
echo ready || { tail -n 20 "$DIR/log"; echo failed; }
read -r line
"$BIN/pg_ctl" -D "$DIR/data" -m immediate -w stop >/dev/null 2>&1
cd / && rm -rf "$DIR"
`

func start() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// A socket's path has about a hundred bytes: no long TMPDIR.
	parent := os.TempDir()
	if len(parent) > 60 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "postrider-pg-")
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BIN="+bin, "DIR="+dir, "LC_ALL=C", "PGPORT=5432")
	// A session of its own, so that Ctrl-C at the terminal does not end the
	// watcher before it has cleaned up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		who, err := unprivileged()
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return nil, fmt.Errorf("starting PostgreSQL: %w", err)
		}
		cmd.SysProcAttr.Credential = who
	}
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	c := &cluster{dir: dir, hold: hold}
	if err := ready(said); err != nil {
		_ = hold.Close()
		return nil, err
	}
	if err := c.prepare(); err != nil {
		_ = hold.Close()
		return nil, err
	}
	return c, nil
}

// ready reads until the script has said how the start went.
func ready(said io.Reader) error {
	var text []string
	for lines := bufio.NewScanner(said); lines.Scan(); {
		switch line := lines.Text(); line {
		case "ready":
			return nil
		case "failed":
			return fmt.Errorf("starting PostgreSQL: %s", strings.Join(text, "\n"))
		default:
			text = append(text, line)
		}
	}
	return fmt.Errorf("starting PostgreSQL: it ended: %s", strings.Join(text, "\n"))
}

// prepare makes the migrated database that all others are copied from.
func (c *cluster) prepare() error {
	if err := c.admin("CREATE DATABASE " + template); err != nil {
		return err
	}
	s, err := store.Open(context.Background(), c.url(template), store.Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	// Nobody can be connected to what is being copied.
	return c.admin("ALTER DATABASE " + template + " WITH ALLOW_CONNECTIONS false IS_TEMPLATE true")
}

// binaries finds the folder of initdb and pg_ctl.
func binaries() (string, error) {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("looking for PostgreSQL: %w", err)
	}
	version := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	sort.Slice(installed, func(i, j int) bool { return version(installed[i]) > version(installed[j]) })
	for _, dir := range append(dirs, installed...) {
		if executable(dir, "initdb") && executable(dir, "pg_ctl") && executable(dir, "postgres") {
			return dir, nil
		}
	}
	return "", errNoPostgres
}

func executable(dir, name string) bool {
	fi, err := os.Stat(filepath.Join(dir, name))
	return err == nil && fi.Mode()&0o111 != 0
}

// unprivileged is whom root starts PostgreSQL as: it refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("starting PostgreSQL: it does not run as root, and there is no user postgres or nobody")
}
