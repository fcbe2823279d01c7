//go:build !linux

package e2e_test

import "syscall"

func leash() *syscall.SysProcAttr { return nil }
