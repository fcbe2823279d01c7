package pages

import (
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
)

// Count writes a number with commas: 12,000.
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Clock writes times for people, in one zone and seen from one moment.
type Clock struct {
	Now  time.Time
	Zone *time.Location
}

// In is a Clock in the zone of an IANA name, in UTC where it is none.
func In(now time.Time, zone string) Clock {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || strings.EqualFold(zone, "local") {
		loc = time.UTC
	}
	return Clock{Now: now, Zone: loc}
}

// Place is the zone as people call it: "Stockholm", "New York", "UTC".
func (c Clock) Place() string {
	name := c.Zone.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}

// When is a moment with its zone: "Tue 24 Nov, 09:00 Stockholm". The year
// stands in it where it is not the present one. The zero time is "".
func (c Clock) When(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return c.Day(t) + ", " + t.In(c.Zone).Format("15:04") + " " + c.Place()
}

// Day is a moment's date: "Tue 24 Nov".
func (c Clock) Day(t time.Time) string {
	form := "Mon 2 Jan"
	if t.In(c.Zone).Year() != c.Now.In(c.Zone).Year() {
		form = "Mon 2 Jan 2006"
	}
	return t.In(c.Zone).Format(form)
}

// Hour is a moment of the present day: "09:42 Stockholm", else When.
func (c Clock) Hour(t time.Time) string {
	if c.Day(t) != c.Day(c.Now) {
		return c.When(t)
	}
	return t.In(c.Zone).Format("15:04") + " " + c.Place()
}

// Until says how far away a moment is: "in 18 hours", "in 3 days", "now".
func (c Clock) Until(t time.Time) string {
	d := t.Sub(c.Now)
	switch {
	case t.IsZero():
		return ""
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return "in " + several(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 36*time.Hour:
		return "in " + several(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return "in " + several(int(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Mark is a state as people see it: a word and a shape. Class colours it.
type Mark struct {
	Word  string
	Shape string
	Class string
}

var editionMarks = map[campaigns.EditionState]Mark{
	campaigns.Draft:         {"draft", "○", ""},
	campaigns.InReview:      {"in review", "◐", "warn"},
	campaigns.EditionReady:  {"approved", "◔", ""},
	campaigns.Scheduled:     {"scheduled", "◔", "live"},
	campaigns.Freezing:      {"getting ready", "●", "live"},
	campaigns.Sending:       {"sending", "●", "live"},
	campaigns.Sent:          {"sent", "✓", "good"},
	campaigns.EditionPaused: {"paused", "‖", "warn"},
	campaigns.Held:          {"held", "!", "bad"},
	campaigns.Cancelled:     {"cancelled", "×", ""},
}

// EditionMark is the mark of an edition's state.
func EditionMark(s campaigns.EditionState) Mark { return known(editionMarks, s) }

var campaignMarks = map[campaigns.State]Mark{
	campaigns.Active:   {"active", "●", "good"},
	campaigns.Paused:   {"paused", "‖", "warn"},
	campaigns.Archived: {"archived", "×", ""},
}

// CampaignMark is the mark of a campaign's state.
func CampaignMark(s campaigns.State) Mark { return known(campaignMarks, s) }

var occurrenceMarks = map[campaigns.OccurrenceState]Mark{
	campaigns.OccurrenceDue:     {"due", "◔", "live"},
	campaigns.OccurrenceOpened:  {"issue made", "✓", "good"},
	campaigns.OccurrenceSkipped: {"left out", "○", ""},
	campaigns.OccurrenceHeld:    {"held", "!", "bad"},
	campaigns.OccurrenceFailed:  {"failed", "!", "bad"},
}

// OccurrenceMark is the mark of a planned date's state.
func OccurrenceMark(s campaigns.OccurrenceState) Mark { return known(occurrenceMarks, s) }

func known[S ~string](marks map[S]Mark, s S) Mark {
	if m, ok := marks[s]; ok {
		return m
	}
	return Mark{Word: strings.ReplaceAll(string(s), "_", " "), Shape: "○"}
}

// recipientWords are the outcomes as people read them. None says "delivered":
// what became of a mail behind the mail server is not ours to know.
var recipientWords = map[delivery.State]string{
	delivery.Queued:     "in line",
	delivery.LeasedRow:  "next in line",
	delivery.SendingRow: "being handed over",
	delivery.Accepted:   "handed to the mail server",
	delivery.Deferred:   "waiting for the next try",
	delivery.Refused:    "rejected",
	delivery.Unknown:    "not certain",
	delivery.Suppressed: "left out: left the list, or on the do-not-mail list",
	delivery.Expired:    "given up after 48 hours",
	delivery.Cancelled:  "not attempted",
}

// RecipientWord is a recipient's state in words.
func RecipientWord(s delivery.State) string {
	if w, ok := recipientWords[s]; ok {
		return w
	}
	return string(s)
}

// Mask hides most of an address, so that a forwarded mail does not tell whose
// it was: "ada@example.org" becomes "a•••@e•••.org".
func Mask(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "•••"
	}
	local, domain := address[:at], address[at+1:]
	end := ""
	if dot := strings.LastIndexByte(domain, '.'); dot > 0 {
		domain, end = domain[:dot], domain[dot:]
	}
	return firstLetter(local) + "•••@" + firstLetter(domain) + "•••" + end
}

func firstLetter(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
