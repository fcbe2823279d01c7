package main

import (
	"fmt"
	"os"
	"strings"

	"postrider/internal/errs"
	"postrider/templates"
)

// maxBlocksFile bounds a file of blocks, in bytes.
const maxBlocksFile = 1 << 20

// readBlocks reads what stands around the recaps; an empty name is nothing.
func (s *session) readBlocks(file string) ([]templates.Block, error) {
	if file == "" {
		return nil, nil
	}
	info, err := os.Stat(file)
	switch {
	case os.IsNotExist(err):
		return nil, &errs.Error{Kind: errs.NotFound, Field: "--blocks", Text: file + ": there is no such file"}
	case err != nil:
		return nil, fmt.Errorf("reading the blocks: %w", err)
	case info.Size() > maxBlocksFile:
		return nil, &errs.Error{Kind: errs.Invalid, Field: "--blocks", Text: fmt.Sprintf("%s has more than %d KB", file, maxBlocksFile>>10)}
	}
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the blocks: %w", err)
	}
	return templates.ParseBlocks(file, string(source))
}

func blockNames(blocks []templates.Block) string {
	var out []string
	for _, b := range blocks {
		out = append(out, string(b.Kind))
	}
	return strings.Join(out, ", ")
}

type campaignBlocksCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run shows a campaign's blocks as a file, to change and to give back with
// campaign change --blocks.
func (c *campaignBlocksCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		one, err := h.store.Campaign(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		return s.print(append([]templates.Block{}, one.Blocks...), func() { s.printf("%s", templates.WriteBlocks(one.Blocks)) })
	})
}
