package subscribers

import (
	"context"
	"fmt"

	"postrider/internal/audit"
	"postrider/internal/errs"
)

// SignUp puts a reader on lists as pending, until they confirm. Memberships
// that are pending or active stay as they are; one that was left becomes
// pending again, because the reader asks.
func (g *Registry) SignUp(ctx context.Context, id ID, lists []ListID, sign Sign) error {
	return g.change(ctx, MembershipChange{Subscriber: id, Lists: lists, To: Pending, Revive: true, Sign: sign})
}

// Subscribe makes a reader active on lists. It is idempotent. Where the reader
// does it (sign.Actor is "reader") it leads back from unsubscribed; nobody else
// can do that, and for others those memberships stay as they are.
func (g *Registry) Subscribe(ctx context.Context, id ID, lists []ListID, sign Sign) error {
	return g.change(ctx, MembershipChange{Subscriber: id, Lists: lists, To: Active, Revive: sign.Actor == "reader", Sign: sign})
}

// Unsubscribe takes a reader off lists, off all where none is given, and out
// of editions on their way that no other list of theirs receives. It is
// idempotent.
func (g *Registry) Unsubscribe(ctx context.Context, id ID, lists []ListID, sign Sign) error {
	return g.change(ctx, MembershipChange{Subscriber: id, Lists: lists, To: Unsubscribed, Sign: sign})
}

func (g *Registry) change(ctx context.Context, c MembershipChange) error {
	if err := c.Sign.finish(); err != nil {
		return err
	}
	if c.To != Unsubscribed && len(c.Lists) == 0 {
		return invalid("list", "name at least one list")
	}
	c.At = g.Now()
	_, err := g.Store.ChangeMemberships(ctx, c)
	return err
}

func (s *Sign) finish() error {
	s.Source, s.Reason = clean(s.Source), clean(s.Reason)
	if len(s.Source) > maxReason || len(s.Reason) > maxReason {
		return invalid("reason", "shorten it to 2000 bytes")
	}
	return nil
}

// UnsubscribeEdition takes a reader off every list of an edition, which is
// what the one-click link of its mails asks for (RFC 8058), and keeps the
// event that tells of it. It is idempotent; a reader who has been forgotten is
// no error, because nothing will ever be mailed to them. When it returns nil
// the change is on disk and no mail of that edition is begun any more, unless
// the reader joins again.
func (g *Registry) UnsubscribeEdition(ctx context.Context, edition int64, id ID, sign Sign) error {
	if err := sign.finish(); err != nil {
		return err
	}
	_, err := g.Store.LeaveEdition(ctx, edition, id, sign, g.Now())
	return err
}

// MarkAddress records that mail to a reader bounces for good or that they
// complained, and takes them out of editions on their way. A complaint is
// never lowered to a bounce. AddressOK takes the mark away.
func (g *Registry) MarkAddress(ctx context.Context, actor string, id ID, to AddressState, reason string) error {
	switch to {
	case AddressOK, AddressBounced, AddressComplained:
	default:
		return invalid("address_state", "want ok, bounced or complained")
	}
	return g.Store.MarkAddress(ctx, id, to, "the address "+string(to), audit.Entry{
		At: g.Now(), Actor: actor, Action: "marked", Kind: "subscriber", Object: int64(id), Detail: fmt.Sprintf("%s: %.200s", to, redact(reason)),
	})
}

// Forget erases a reader: profile, memberships, consents, events and the mail
// servers' answers about them. Counts of past editions stay. A keyed hash of
// the address remains, so that no import brings them back.
func (g *Registry) Forget(ctx context.Context, actor string, id ID) error {
	if g.Hash == nil {
		return errs.Unavailablef("forgetting a reader needs the installation's key file")
	}
	return g.Store.ForgetSubscriber(ctx, id, func(canonical string) string { return g.Hash(canonical)[0] }, audit.Entry{
		At: g.Now(), Actor: actor, Action: "forgotten", Kind: "subscriber", Object: int64(id),
	})
}
