package pages

import (
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/words"
)

// Clock writes times for people: in one language, in one zone and seen from
// one moment.
type Clock struct {
	Now   time.Time
	Zone  *time.Location
	Words *words.Words
}

// In is a Clock in the zone of an IANA name, in UTC where it is none.
func In(w *words.Words, now time.Time, zone string) Clock {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || strings.EqualFold(zone, "local") {
		loc = time.UTC
	}
	return Clock{Now: now, Zone: loc, Words: w}
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
	return c.Words.At(c.Day(t), t.In(c.Zone).Format("15:04"), c.Place())
}

// Day is a moment's date: "Tue 24 Nov".
func (c Clock) Day(t time.Time) string {
	t = t.In(c.Zone)
	return c.Words.Day(t, t.Year() != c.Now.In(c.Zone).Year())
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
	if t.IsZero() {
		return ""
	}
	return c.span(t.Sub(c.Now), "time.now", "time.in_minutes", "time.in_hours", "time.in_days")
}

// Ago says how long ago a moment was: "3 minutes ago", "just now".
func (c Clock) Ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return c.span(c.Now.Sub(t), "time.ago_now", "time.ago_minutes", "time.ago_hours", "time.ago_days")
}

func (c Clock) span(d time.Duration, none, minutes, hours, days string) string {
	switch {
	case d < time.Minute:
		return c.Words.T(none)
	case d < time.Hour:
		return c.Words.T(minutes, int(d.Round(time.Minute)/time.Minute))
	case d < 36*time.Hour:
		return c.Words.T(hours, int(d.Round(time.Hour)/time.Hour))
	}
	return c.Words.T(days, int(d.Round(24*time.Hour)/(24*time.Hour)))
}

// Takes says how long something takes, roughly: "about 5 minutes".
func Takes(w *words.Words, d time.Duration) string {
	switch {
	case d < time.Minute:
		return w.T("time.under_minute")
	case d < 90*time.Minute:
		return w.T("time.minutes", int(d.Round(time.Minute)/time.Minute))
	}
	return w.T("time.hours", int(d.Round(time.Hour)/time.Hour))
}

// Mark is a state as people see it: a word and a shape. Class colours it.
type Mark struct {
	Word  string
	Shape string
	Class string
}

// sign is a Mark before its word is known: the word's key.
type sign struct{ key, shape, class string }

var editionSigns = map[campaigns.EditionState]sign{
	campaigns.Draft:         {"states.draft", "○", ""},
	campaigns.InReview:      {"states.in_review", "◐", "warn"},
	campaigns.EditionReady:  {"states.approved", "◔", ""},
	campaigns.Scheduled:     {"states.scheduled", "◔", "live"},
	campaigns.Freezing:      {"states.freezing", "●", "live"},
	campaigns.Sending:       {"states.sending", "●", "live"},
	campaigns.Sent:          {"states.sent", "✓", "good"},
	campaigns.EditionPaused: {"states.paused", "‖", "warn"},
	campaigns.Held:          {"states.held", "!", "bad"},
	campaigns.Cancelled:     {"states.cancelled", "×", ""},
}

// EditionMark is the mark of an edition's state.
func EditionMark(w *words.Words, s campaigns.EditionState) Mark { return known(w, editionSigns, s) }

var campaignSigns = map[campaigns.State]sign{
	campaigns.Active:   {"states.active", "●", "good"},
	campaigns.Paused:   {"states.campaign_paused", "‖", "warn"},
	campaigns.Archived: {"states.archived", "×", ""},
}

// CampaignMark is the mark of a campaign's state.
func CampaignMark(w *words.Words, s campaigns.State) Mark { return known(w, campaignSigns, s) }

var occurrenceSigns = map[campaigns.OccurrenceState]sign{
	campaigns.OccurrenceDue:     {"states.due", "◔", "live"},
	campaigns.OccurrenceOpened:  {"states.opened", "✓", "good"},
	campaigns.OccurrenceSkipped: {"states.skipped", "○", ""},
	campaigns.OccurrenceHeld:    {"states.held", "!", "bad"},
	campaigns.OccurrenceFailed:  {"states.failed", "!", "bad"},
}

// OccurrenceMark is the mark of a planned date's state.
func OccurrenceMark(w *words.Words, s campaigns.OccurrenceState) Mark {
	return known(w, occurrenceSigns, s)
}

// NewMark is a mark with the word of a key. Class is "", "live", "good", "warn"
// or "bad".
func NewMark(w *words.Words, key, shape, class string) Mark {
	return Mark{Word: w.T(key), Shape: shape, Class: class}
}

func known[S ~string](w *words.Words, signs map[S]sign, s S) Mark {
	if m, ok := signs[s]; ok {
		return NewMark(w, m.key, m.shape, m.class)
	}
	return Mark{Word: strings.ReplaceAll(string(s), "_", " "), Shape: "○"}
}

// recipientKeys are the outcomes as people read them. None says "delivered":
// what became of a mail behind the mail server is not ours to know.
var recipientKeys = map[delivery.State]string{
	delivery.Queued:     "states.recipient_queued",
	delivery.LeasedRow:  "states.recipient_leased",
	delivery.SendingRow: "states.recipient_sending",
	delivery.Accepted:   "states.recipient_accepted",
	delivery.Deferred:   "states.recipient_deferred",
	delivery.Refused:    "states.recipient_refused",
	delivery.Unknown:    "states.recipient_unknown",
	delivery.Suppressed: "states.recipient_suppressed",
	delivery.Expired:    "states.recipient_expired",
	delivery.Cancelled:  "states.recipient_cancelled",
}

// RecipientWord is a recipient's state in words.
func RecipientWord(w *words.Words, s delivery.State) string {
	if key, ok := recipientKeys[s]; ok {
		return w.T(key)
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
