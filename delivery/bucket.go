package delivery

import "time"

// PaceRelay is the bucket of a relay, by its key in the ledger.
func PaceRelay(id RelayID) string { return "relay:" + id.String() }

// PaceDomain is the bucket of a recipient domain.
func PaceDomain(domain string) string { return "domain:" + domain }

// PaceFamily is the bucket of a mail-host family, as Family names it.
func PaceFamily(family string) string { return "family:" + family }

// Bucket is a token bucket without its place: a plain value for the store to
// change under its lock.
type Bucket struct {
	Micro int64     // millionths of a token
	At    time.Time // when Micro was right
}

const microToken = 1_000_000

// FullBucket is the bucket that nobody has taken from.
func FullBucket(burst int, now time.Time) Bucket {
	return Bucket{Micro: int64(max(burst, 1)) * microToken, At: now}
}

// Take refills the bucket by perMinute a minute (at least 1), evenly, up to
// burst (at least 1), and takes up to n tokens. next is when another token will
// be there, zero where all n were granted. A clock that goes back refills
// nothing and takes nothing away.
func (b Bucket) Take(perMinute, burst, n int, now time.Time) (after Bucket, granted int, next time.Time) {
	full := FullBucket(burst, now).Micro
	rate := int64(max(perMinute, 1))
	after = b
	if ms := now.UnixMilli() - b.At.UnixMilli(); ms > 0 {
		ms = min(ms, full/rate*60/1000+60_000/rate+1) // it is full by then, and the product below fits
		after.Micro += ms * rate * 50 / 3             // microToken / 60,000 ms
		after.At = now
	}
	after.Micro = min(after.Micro, full)
	granted = int(min(int64(max(n, 0)), max(after.Micro, 0)/microToken))
	after.Micro -= int64(granted) * microToken
	if granted < n {
		missing := microToken - after.Micro
		next = after.At.Add(time.Duration((missing*3+rate*50-1)/(rate*50)) * time.Millisecond)
	}
	return after, granted, next
}
