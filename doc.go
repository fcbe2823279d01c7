// Package postrider holds no code. It is the root of the module, whose tests
// watch over the whole tree: which package may import which, who owns an
// outside library, what a log line may carry. docs/flow.md says what the
// folders are for, in the order in which a recap passes through them.
package postrider
