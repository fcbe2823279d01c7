package e2e_test

import "syscall"

// leash lets children die with the test process, in whatever way that ends.
func leash() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
