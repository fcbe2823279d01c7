package e2e_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"postrider/store/storetest"
)

// forgetful is a mounted disk in memory that keeps apart what was synced. The
// program sees what it wrote; a power cut leaves what it synced.
type forgetful struct {
	t      testing.TB
	dir    string
	mu     chan struct{} // held by whoever touches files; a channel, for no reader may wait in the kernel
	files  map[string]*forgetfulFile
	server *fuse.Server
}

// sector is what a disk writes whole or not at all.
const sector = 512

func newForgetful(t testing.TB) *forgetful {
	t.Helper()
	d := &forgetful{t: t, dir: t.TempDir(), mu: make(chan struct{}, 1), files: map[string]*forgetfulFile{}}
	d.mount()
	t.Cleanup(d.unmount)
	return d
}

func (d *forgetful) lock() (unlock func()) {
	d.mu <- struct{}{}
	return func() { <-d.mu }
}

func (d *forgetful) mount() {
	d.t.Helper()
	always := time.Hour
	server, err := fs.Mount(d.dir, &forgetfulRoot{disk: d}, &fs.Options{
		AttrTimeout: &always, EntryTimeout: &always,
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "forgetful", Name: "forgetful", MaxWrite: 128 << 10},
	})
	if err != nil {
		d.t.Skipf("not tested: mounting a file system of our own needs root and /dev/fuse: %v", err)
	}
	d.server = server
}

func (d *forgetful) unmount() {
	if d.server == nil {
		return
	}
	if err := d.server.Unmount(); err != nil {
		_ = syscall.Unmount(d.dir, syscall.MNT_DETACH) // a program that failed to end still has files open
		d.t.Errorf("unmounting: %v", err)
	}
	d.server = nil
}

// powerCut forgets what was not synced: all of it, or, as disks write in any
// order, all but sectors picked by random. No program may have files open.
func (d *forgetful) powerCut(random *rand.Rand) {
	d.t.Helper()
	d.unmount()
	unlock := d.lock()
	for _, f := range d.files {
		f.forget(random)
	}
	unlock()
	d.mount()
}

// copyTo writes what is on the disk into a folder of an ordinary one.
func (d *forgetful) copyTo(dir string) {
	d.t.Helper()
	defer d.lock()()
	for name, f := range d.files {
		if err := os.WriteFile(filepath.Join(dir, name), f.live, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

// forgetfulRoot is its only folder.
type forgetfulRoot struct {
	fs.Inode
	disk *forgetful
}

// OnAdd shows the files that are on the disk.
func (r *forgetfulRoot) OnAdd(ctx context.Context) {
	defer r.disk.lock()()
	for name, f := range r.disk.files {
		f.Inode = fs.Inode{} // of the mount before
		r.AddChild(name, r.NewPersistentInode(ctx, f, fs.StableAttr{Mode: fuse.S_IFREG}), true)
	}
}

func (r *forgetfulRoot) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	defer r.disk.lock()()
	f := &forgetfulFile{disk: r.disk, mode: mode & 0o7777}
	r.disk.files[name] = f
	f.describe(&out.Attr)
	return r.NewPersistentInode(ctx, f, fs.StableAttr{Mode: fuse.S_IFREG}), nil, 0, 0
}

func (r *forgetfulRoot) Unlink(_ context.Context, name string) syscall.Errno {
	defer r.disk.lock()()
	delete(r.disk.files, name)
	return 0
}

// Fsync of the folder: names are durable at once, as with a journal.
func (r *forgetfulRoot) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return 0 }

// forgetfulFile is one file: what programs see, what is durable, and which
// parts differ.
type forgetfulFile struct {
	fs.Inode
	disk    *forgetful
	mode    uint32
	live    []byte
	durable []byte
	dirty   [][2]int // from, to
}

func (f *forgetfulFile) describe(a *fuse.Attr) {
	a.Mode, a.Size, a.Blksize, a.Nlink = fuse.S_IFREG|f.mode, uint64(len(f.live)), 4096, 1
	a.Blocks = (a.Size + 511) / 512
}

func (f *forgetfulFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	defer f.disk.lock()()
	f.describe(&out.Attr)
	return 0
}

func (f *forgetfulFile) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	defer f.disk.lock()()
	if size, ok := in.GetSize(); ok {
		f.resize(int(size))
	}
	if mode, ok := in.GetMode(); ok {
		f.mode = mode & 0o7777
	}
	f.describe(&out.Attr)
	return 0
}

func (f *forgetfulFile) resize(size int) {
	before := len(f.live)
	if size <= before {
		f.live = f.live[:size]
		return
	}
	f.live = append(f.live, make([]byte, size-before)...)
	f.dirty = append(f.dirty, [2]int{before, size})
}

func (f *forgetfulFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (f *forgetfulFile) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	defer f.disk.lock()()
	from := min(int(off), len(f.live))
	to := min(from+len(dest), len(f.live))
	return fuse.ReadResultData(append([]byte(nil), f.live[from:to]...)), 0
}

func (f *forgetfulFile) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	defer f.disk.lock()()
	from, to := int(off), int(off)+len(data)
	if to > len(f.live) {
		f.live = append(f.live, make([]byte, to-len(f.live))...)
	}
	copy(f.live[from:to], data)
	f.dirty = append(f.dirty, [2]int{from, to})
	return uint32(len(data)), 0
}

// Fsync makes the file durable.
func (f *forgetfulFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	defer f.disk.lock()()
	f.keep(f.dirty)
	f.fit()
	f.dirty = nil
	return 0
}

func (f *forgetfulFile) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// keep makes parts durable.
func (f *forgetfulFile) keep(parts [][2]int) {
	for _, p := range parts {
		to := min(p[1], len(f.live))
		if to > len(f.durable) {
			f.durable = append(f.durable, make([]byte, to-len(f.durable))...)
		}
		if p[0] < to {
			copy(f.durable[p[0]:to], f.live[p[0]:to])
		}
	}
}

// fit gives what is durable the length of what is seen.
func (f *forgetfulFile) fit() {
	f.durable = f.durable[:min(len(f.durable), len(f.live))]
	f.durable = append(f.durable, make([]byte, len(f.live)-len(f.durable))...)
}

// forget is the power cut.
func (f *forgetfulFile) forget(random *rand.Rand) {
	if random != nil {
		var lucky [][2]int
		for _, p := range f.dirty {
			for from := p[0] / sector * sector; from < p[1]; from += sector {
				if random.IntN(2) == 0 {
					lucky = append(lucky, [2]int{max(from, p[0]), min(from+sector, p[1])})
				}
			}
		}
		f.keep(lucky)
	}
	f.live, f.dirty = append([]byte(nil), f.durable...), nil
}

// TestPowerCut: the machine loses power while an edition is sent, again and
// again, and what was not synced is gone. The same holds as after a kill.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	v, cuts := powerCuts(t, times(t, 4, 50), postrider(t))
	if v.Lost+v.Doubled+v.NotAccepted+v.Unfinished != 0 || v.Unknown > cuts*powerConns {
		t.Errorf("after %d power cuts: %+v", cuts, v)
	}
}

// TestPowerCutIsNoticed proves the rig: the same program, linked to let SQLite
// commit without waiting for the disk, must break the promise.
func TestPowerCutIsNoticed(t *testing.T) {
	t.Parallel()
	cuts := times(t, 2, 10)
	weak := filepath.Join(t.TempDir(), "postrider")
	build := exec.Command("go", "build", "-ldflags", "-X postrider/store.synchronous=NORMAL", "-o", weak, "./cmd/postrider")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the careless program: %v\n%s", err, out)
	}
	if v, _ := powerCuts(t, cuts, weak); v.Doubled == 0 {
		t.Errorf("with synchronous=NORMAL %d power cuts went unnoticed: %+v; the rig proves nothing", cuts, v)
	}
}

const powerConns = 8

// powerCuts sends an edition through so many power cuts.
func powerCuts(t *testing.T, cuts int, program string) (verdict, int) {
	t.Helper()
	disk := newForgetful(t)
	s := newSite(t, "sqlite:"+filepath.Join(disk.dir, "postrider.db"), newCounter(t, 5*time.Millisecond), powerConns)
	s.program = program
	s.readers(300 + 250*cuts)
	id := s.edition()
	random := rand.New(rand.NewPCG(2, 0))
	struck, most := 0, 0
	for i := range cuts {
		p := s.start("publish", "--resume", id, "--json", "--log", "error", "--smtp", s.relay.smtp(s.conns))
		if !s.relay.reaches(p, s.relay.total()+20+random.IntN(200)) {
			break // it was faster than the next cut
		}
		p.kill()
		if i%2 == 0 {
			disk.powerCut(nil)
		} else {
			disk.powerCut(random)
		}
		struck++
		copied := t.TempDir()
		disk.copyTo(copied)
		db := storetest.Look(t, "sqlite:"+filepath.Join(copied, "postrider.db"))
		if ok := storetest.One[string](t, db, `PRAGMA integrity_check`); ok != "ok" {
			t.Errorf("after power cut %d the database is damaged: %s", i+1, ok)
		}
		most = max(most, storetest.One[int](t, db, `SELECT count(*) FROM recipients WHERE state = 'sending'`))
	}
	s.run(0, "publish", "--resume", id, "--json", "--log", "error", "--smtp", s.relay.smtp(s.conns))
	v := s.verdict(id)
	t.Logf("figures: %d power cuts, at most %d on the wire at one: %+v", struck, most, v)
	if struck == 0 || most > powerConns {
		t.Errorf("%d power cuts, %d on the wire at one", struck, most)
	}
	return v, struck
}

var (
	_ fs.NodeOnAdder   = (*forgetfulRoot)(nil)
	_ fs.NodeCreater   = (*forgetfulRoot)(nil)
	_ fs.NodeUnlinker  = (*forgetfulRoot)(nil)
	_ fs.NodeFsyncer   = (*forgetfulRoot)(nil)
	_ fs.NodeGetattrer = (*forgetfulFile)(nil)
	_ fs.NodeSetattrer = (*forgetfulFile)(nil)
	_ fs.NodeOpener    = (*forgetfulFile)(nil)
	_ fs.NodeReader    = (*forgetfulFile)(nil)
	_ fs.NodeWriter    = (*forgetfulFile)(nil)
	_ fs.NodeFsyncer   = (*forgetfulFile)(nil)
	_ fs.NodeFlusher   = (*forgetfulFile)(nil)
)
