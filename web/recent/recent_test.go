package recent

import "testing"

func TestForgetsWhatWasNotUsedLongest(t *testing.T) {
	t.Parallel()
	v := New[string, int](2)
	v.Put("a", 1)
	v.Put("b", 2)
	v.Get("a")
	v.Put("c", 3)
	v.Put("a", 4)
	for key, want := range map[string]int{"a": 4, "b": 0, "c": 3} {
		if got, ok := v.Get(key); got != want || ok != (want > 0) {
			t.Errorf("%s is %d %v, want %d", key, got, ok, want)
		}
	}
}
