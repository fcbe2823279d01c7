package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"postrider/internal/smtptest"
)

// TestCommandLine plays the dialogues of testdata/script with the program.
// Beside testscript's own words they know:
//
//	postrider CODE [<FILE] ARG…   run it (FILE on stdin) and want this exit code;
//	                              with --json stdout must be one JSON value, or
//	                              empty when it failed
//	json PATH WANT                what the last stdout has at PATH (a.0.b), as
//	                              compact JSON, or as it stands for text
//	keys PATH KEY…                the object at PATH ("." for all) has these keys
//	                              in this order and no others
//
// $SINK is the address of a mail server that takes everything, and binary.txt
// a file that is no text, photo.png a picture. The condition [shared] is true where the real article is at hand; it is then
// in the script's folder as whrcf.md, whrcf.txt and whrcf.html.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	bin := postrider(t)
	sink := smtptest.Start(t, "", smtptest.Discard())
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TZ", "UTC")
			e.Values["bin"] = bin
			e.Setenv("SINK", sink.Addr())
			if _, err := copyShared(e.WorkDir); err != nil {
				return err
			}
			if err := writePicture(filepath.Join(e.WorkDir, "photo.png")); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(e.WorkDir, "binary.txt"), []byte("A title\n\x00\x01\x02\n"), 0o600)
		},
		Condition: func(cond string) (bool, error) {
			if cond != "shared" {
				return false, fmt.Errorf("there is no condition %q", cond)
			}
			return copyShared(t.TempDir())
		},
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"postrider": scriptRun, "json": scriptJSON, "keys": scriptKeys,
		},
	})
}

func scriptRun(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: postrider CODE [<FILE] ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	args = args[1:]
	var in io.Reader = strings.NewReader("")
	if len(args) > 0 && strings.HasPrefix(args[0], "<") {
		in = strings.NewReader(ts.ReadFile(args[0][1:]))
		args = args[1:]
	}
	cmd := exec.Command(ts.Value("bin").(string), args...)
	cmd.Dir, cmd.Stdin = ts.MkAbs("."), in
	for _, name := range []string{"PATH", "HOME", "TZ", "POSTRIDER_DB", "POSTRIDER_LOG", "POSTRIDER_SMTP", "POSTRIDER_SMTP_FILE", "POSTRIDER_LISTEN", "POSTRIDER_CONFIG"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, ts.Stdout()), ts.Stderr()
	code := 0
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
	asked := slices.Contains(args, "--json")
	if asked && code == 0 || asked && out.Len() > 0 {
		_, err := oneValue(out.String())
		ts.Check(err)
	}
}

// oneValue reads text that must be one JSON value.
func oneValue(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v, more any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("stdout is no JSON: %w", err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("stdout has more than one JSON value")
	}
	return v, nil
}

// scriptAt is what stdout has at a path, unparsed, so that the order of keys
// is kept.
func scriptAt(ts *testscript.TestScript, path string) json.RawMessage {
	text := ts.ReadFile("stdout")
	_, err := oneValue(text)
	ts.Check(err)
	at := json.RawMessage(text)
	for _, step := range strings.Split(path, ".") {
		if step == "" {
			continue
		}
		if i, err := strconv.Atoi(step); err == nil {
			var list []json.RawMessage
			ts.Check(json.Unmarshal(at, &list))
			if i >= len(list) {
				ts.Fatalf("%s: there are %d only", path, len(list))
			}
			at = list[i]
			continue
		}
		var object map[string]json.RawMessage
		ts.Check(json.Unmarshal(at, &object))
		next, ok := object[step]
		if !ok {
			ts.Fatalf("%s: there is no %q in %s", path, step, at)
		}
		at = next
	}
	return at
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH WANT")
	}
	raw := scriptAt(ts, args[0])
	var got string
	if json.Unmarshal(raw, &got) != nil {
		var b bytes.Buffer
		ts.Check(json.Compact(&b, raw))
		got = b.String()
	}
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s (not: %v)", args[0], got, args[1], neg)
	}
}

func scriptKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: keys PATH KEY…")
	}
	if got := keysOf(ts, scriptAt(ts, args[0])); !slices.Equal(got, args[1:]) {
		ts.Fatalf("%s has the keys %v, want %v", args[0], got, args[1:])
	}
}

func keysOf(ts *testscript.TestScript, object json.RawMessage) []string {
	d := json.NewDecoder(bytes.NewReader(object))
	_, err := d.Token()
	ts.Check(err)
	var keys []string
	for d.More() {
		k, err := d.Token()
		ts.Check(err)
		keys = append(keys, fmt.Sprint(k))
		var skip json.RawMessage
		ts.Check(d.Decode(&skip))
	}
	return keys
}

// copyShared puts the real article into a script's folder and reports whether
// it is here.
func copyShared(to string) (bool, error) {
	for _, name := range []string{"whrcf.md", "whrcf.txt", "whrcf.html"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "shared", "recaps", name))
		if errors.Is(err, os.ErrNotExist) {
			return false, nil
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b, 0o600)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// writePicture writes a PNG file of 1,300 by 100 pixels.
func writePicture(path string) error {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1300, 100))); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
