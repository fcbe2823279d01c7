package subscribers

// Exclusion says why somebody on a list is not in its audience.
type Exclusion string

// The reasons in the order in which one is given to a reader who has several:
// the first counts.
const (
	ExcludedUnsubscribed Exclusion = "unsubscribed" // left all of these lists
	ExcludedPending      Exclusion = "pending"      // has not confirmed yet
	ExcludedPaused       Exclusion = "paused"       // asked for a pause
	ExcludedBounced      Exclusion = "bounced"      // mail to the address came back for good
	ExcludedComplained   Exclusion = "complained"   // reported a mail as spam
	ExcludedSuppressed   Exclusion = "suppressed"   // on the do-not-mail list
	ExcludedSegment      Exclusion = "segment"      // the segment's question does not select them
)

// Exclusions are all reasons in their order.
var Exclusions = []Exclusion{ExcludedUnsubscribed, ExcludedPending, ExcludedPaused, ExcludedBounced, ExcludedComplained, ExcludedSuppressed, ExcludedSegment}

// Audience is who would get a mail to some lists at one moment, each person
// once, and who would not. People is Reached and all of Left together.
type Audience struct {
	People  int               // on at least one of the lists, in whatever state
	Reached int               // who gets it
	Left    map[Exclusion]int // who does not; reasons that nobody has are missing
	Sample  []Subscriber      // some of those who get it, the latest first
}
