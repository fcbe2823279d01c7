// Package recent remembers the values that were used last, so that pages which
// many people open at once cost one look into the database. It is bounded by a
// number of values and never asks whether one is still true: keep only what
// does not change.
package recent

import (
	"container/list"
	"sync"
)

// Values is a memory of at most so many values. It is safe for concurrent use.
type Values[K comparable, V any] struct {
	mu    sync.Mutex
	max   int
	order *list.List // of entry[K, V], the last used in front
	by    map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

// New makes a memory of at most max values, at least one.
func New[K comparable, V any](most int) *Values[K, V] {
	return &Values[K, V]{max: max(most, 1), order: list.New(), by: map[K]*list.Element{}}
}

// Get returns a value and whether it is still remembered.
func (v *Values[K, V]) Get(key K) (V, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, ok := v.by[key]
	if !ok {
		var zero V
		return zero, false
	}
	v.order.MoveToFront(e)
	return e.Value.(entry[K, V]).value, true
}

// Put remembers a value and forgets the one that was not used longest.
func (v *Values[K, V]) Put(key K, value V) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e, ok := v.by[key]; ok {
		e.Value = entry[K, V]{key, value}
		v.order.MoveToFront(e)
		return
	}
	v.by[key] = v.order.PushFront(entry[K, V]{key, value})
	if v.order.Len() > v.max {
		last := v.order.Back()
		v.order.Remove(last)
		delete(v.by, last.Value.(entry[K, V]).key)
	}
}
