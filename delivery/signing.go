package delivery

import (
	"context"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

// signers are the keys for a sender such as "News <news@org.example>", none
// where the relays sign or the sender cannot be read, which Compile will tell.
func (c *Courier) signers(ctx context.Context, sender string) ([]DKIMKey, error) {
	if c.Sign == nil {
		return nil, nil
	}
	from, err := mailaddr.ParseFrom(sender)
	if err != nil {
		return nil, nil //nolint:nilerr // see above
	}
	_, domain, ok := cutAddress(from.Address)
	if !ok {
		return nil, nil
	}
	domain, err = mailaddr.ParseDomain(domain)
	if err != nil {
		return nil, nil //nolint:nilerr // see above
	}
	return c.Sign(ctx, domain)
}

// noticeSigners are the keys for a notice. Where they cannot be had it goes out
// without: somebody waits for it, and most relays sign too.
func (r *run) noticeSigners(ctx context.Context, sender string) []DKIMKey {
	keys, err := r.signers(ctx, sender)
	if err != nil {
		r.Log.Error("reading the DKIM keys for a notice", "err", err)
		return nil
	}
	return keys
}

// unreadable reports that waiting does not make a key readable.
func unreadable(err error) bool { return errs.Is(err, errs.Conflict) }
