package preflight

import (
	"context"
	"time"

	"postrider/campaigns"
	"postrider/subscribers"
	"postrider/templates"
)

// Readers is what a check asks about those who would get the mail.
type Readers interface {
	// ReaderFields returns those of names that readers have, with other fields of theirs.
	ReaderFields(ctx context.Context, names []string) ([]string, error)
	// EmptyFields counts for each merge tag the lists' members without a value.
	EmptyFields(ctx context.Context, lists []subscribers.ListID, names []string) (map[string]int, error)
	// LongestReaders are the lists' members whose mails are the largest.
	LongestReaders(ctx context.Context, lists []subscribers.ListID) ([]subscribers.Subscriber, error)
	// Audience is who gets a mail to these lists, narrowed by a segment's question where that is not empty.
	Audience(ctx context.Context, lists []subscribers.ListID, question string, at time.Time, sample int) (subscribers.Audience, error)
	// SegmentByName is NotFound with the nearest name.
	SegmentByName(ctx context.Context, name string) (subscribers.Segment, error)
}

// OfRecap gathers what can be looked over of a recap that is for nobody in
// particular yet: its mail, and which fields readers have.
func OfRecap(ctx context.Context, readers Readers, e templates.Edition, m templates.Mail) (Input, error) {
	in := Input{Edition: e, Mail: m}
	names, err := tagNames(e)
	if err != nil {
		return in, err
	}
	in.Fields, err = readers.ReaderFields(ctx, names)
	return in, err
}

// OfCampaign gathers what a campaign would send at a time, and to whom.
func OfCampaign(ctx context.Context, readers Readers, o campaigns.Outlook, at time.Time) (Input, error) {
	in, err := OfRecap(ctx, readers, o.Content.Input, o.Content.Rendered.Mail)
	if err != nil {
		return in, err
	}
	in.Audience = &Audience{}
	question := ""
	if o.Campaign.Segment != "" {
		segment, err := readers.SegmentByName(ctx, o.Campaign.Segment)
		if err != nil {
			return in, err
		}
		question = segment.Question
	}
	audience, err := readers.Audience(ctx, o.Campaign.Lists, question, at, 0)
	if err != nil {
		return in, err
	}
	in.Audience.Reached = audience.Reached
	names, err := tagNames(in.Edition)
	if err != nil {
		return in, err
	}
	if in.Audience.Empty, err = readers.EmptyFields(ctx, o.Campaign.Lists, names); err != nil {
		return in, err
	}
	longest, err := readers.LongestReaders(ctx, o.Campaign.Lists)
	for _, r := range longest {
		in.Audience.Longest = append(in.Audience.Longest, r.Values())
	}
	return in, err
}

func tagNames(e templates.Edition) ([]string, error) {
	uses, err := templates.Tags(e)
	var names []string
	for _, u := range uses {
		names = append(names, u.Name)
	}
	return names, err
}
