package mailbox

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"postrider/events/bounces"
	"postrider/internal/errs"
)

// client is a connection that is logged in, its folder open.
type client struct {
	*imapclient.Client
	conn  net.Conn
	wait  time.Duration
	close func()
	news  chan struct{} // holds one when something came in
}

// in gives the server's next answers so long.
func (c *client) in(d time.Duration) { _ = c.conn.SetDeadline(time.Now().Add(d)) }

func (c *client) end() {
	c.in(c.wait)
	_ = c.Logout().Wait()
	_ = c.Close()
	c.close()
}

// login opens the folder and returns how many mails are in it.
func (r *Reader) login(ctx context.Context, news chan struct{}) (*client, int, error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return nil, 0, err
	}
	o := &imapclient.Options{TLSConfig: r.config(), UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil && news != nil {
				select {
				case news <- struct{}{}:
				default:
				}
			}
		},
	}}
	c := &client{conn: conn, wait: r.patience(), news: news, close: closeWith(ctx, conn)}
	c.in(c.wait)
	if r.Mailbox.TLS == "required" {
		if c.Client, err = imapclient.NewStartTLS(conn, o); err != nil {
			_ = conn.Close()
			c.close()
			return nil, 0, errs.Unavailablef("the mailbox's server offers no STARTTLS: use --tls implicit: %w", err)
		}
	} else {
		c.Client = imapclient.New(conn, o)
	}
	if err = c.WaitGreeting(); err == nil {
		if err = c.Login(r.Mailbox.Username, r.Password.Reveal()).Wait(); err != nil {
			err = errs.Unavailablef("the mailbox refused the log-in: check --user and the password: %w", err)
		}
	}
	if err != nil {
		c.end()
		return nil, 0, err
	}
	folder, err := c.Select(r.Mailbox.Folder, nil).Wait()
	if err != nil {
		c.end()
		return nil, 0, errs.NotFoundf("the mailbox has no folder %q: check --folder: %w", r.Mailbox.Folder, err)
	}
	return c, int(folder.NumMessages), nil
}

func (r *Reader) imap(ctx context.Context, stay bool) error {
	c, _, err := r.login(ctx, make(chan struct{}, 1))
	if err != nil {
		return err
	}
	defer c.end()
	for {
		n, err := r.pass(ctx, c)
		if err != nil {
			return err
		}
		r.read(n)
		if n == maxPass {
			continue
		}
		if !stay || !c.Caps().Has(imap.CapIdle) {
			return nil
		}
		if err := c.idle(ctx); err != nil {
			return err
		}
	}
}

// idle waits until something comes in, or long enough to ask again.
func (c *client) idle(ctx context.Context) error {
	c.in(idleTime + c.wait)
	cmd, err := c.Idle()
	if err != nil {
		return err
	}
	timer := time.NewTimer(idleTime)
	defer timer.Stop()
	select {
	case <-c.news:
	case <-timer.C:
	case <-ctx.Done():
	case <-c.Closed():
	}
	c.in(c.wait)
	if err := cmd.Close(); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// pass takes the mails that nobody has seen. What came back is deleted after it
// is recorded; anything else is marked as seen and left.
func (r *Reader) pass(ctx context.Context, c *client) (int, error) {
	c.in(c.wait)
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen, imap.FlagDeleted}}, nil).Wait()
	if err != nil {
		return 0, err
	}
	uids := found.AllUIDs()
	uids = uids[:min(len(uids), maxPass)]
	for i, uid := range uids {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		c.in(c.wait)
		raw, err := c.mail(uid)
		if err != nil {
			return i, err
		}
		if raw == nil {
			continue // somebody else has deleted it
		}
		returned, err := r.Take(ctx, raw, "imap")
		if err != nil {
			return i, err
		}
		c.in(c.wait)
		if err := c.mark(uid, returned); err != nil {
			return i, err
		}
	}
	return len(uids), nil
}

// mail fetches the beginning of a mail, nil where it is gone. It stays unseen.
func (c *client) mail(uid imap.UID) ([]byte, error) {
	cmd := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{
		{Peek: true, Partial: &imap.SectionPartial{Size: bounces.MaxMail}},
	}})
	var raw []byte
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		for item := m.Next(); item != nil; item = m.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || raw != nil {
				continue
			}
			b, err := io.ReadAll(io.LimitReader(body.Literal, bounces.MaxMail))
			if err != nil {
				_ = cmd.Close()
				return nil, err
			}
			raw = b
		}
	}
	return raw, cmd.Close()
}

func (c *client) mark(uid imap.UID, returned bool) error {
	set := imap.UIDSetNum(uid)
	flag := imap.FlagSeen
	if returned {
		flag = imap.FlagDeleted
	}
	if err := c.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close(); err != nil || !returned {
		return err
	}
	if c.Caps().Has(imap.CapUIDPlus) {
		return c.UIDExpunge(set).Close()
	}
	return c.Expunge().Close()
}
