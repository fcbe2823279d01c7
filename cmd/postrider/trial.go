package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"postrider/campaigns"
	"postrider/recaps"
	"postrider/subscribers"
)

// trial makes n readers on a list of their own and an edition for them, due
// now: what drill and bench send.
func (h *house) trial(ctx context.Context, actor string, n int, recap recaps.Recap) (campaigns.Edition, error) {
	list := actor + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	in, out := io.Pipe()
	go func() {
		_, err := io.WriteString(out, "email,first_name\n")
		for i := 0; i < n && err == nil; i++ {
			_, err = fmt.Fprintf(out, "reader%07d@%s.example.org,Reader %d\n", i, list, i)
		}
		out.CloseWithError(err)
	}()
	if _, err := h.registry.Import(ctx, in, subscribers.ImportOptions{Actor: actor, Lists: []string{list}, Create: true}); err != nil {
		return campaigns.Edition{}, err
	}
	saved, err := h.library.Keep(ctx, actor, recap, actor)
	if err != nil {
		return campaigns.Edition{}, err
	}
	h.desk.BaseURL = "https://localhost"
	return h.desk.Publish(ctx, actor, campaigns.Publication{Recap: saved, ListNames: []string{list}, Sender: "Postrider <" + actor + "@example.org>"})
}
